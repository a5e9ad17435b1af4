// smartwalle/alipay when Alipay's certificate has been renewed: it fetches the new one by itself.
//
// /// sdk
// package = "github.com/smartwalle/alipay/v3"
// provider = "alipay"
// flags = ["--alipay-certificate-rotates-after-s", "0"]
//
// [steps]
// certificate_renewed = ["Client.TradeQuery"]
// certificate_fetched_by_hand = ["Client.CertDownload"]
// ///

package main

import (
	"context"
	"encoding/base64"
	"strings"

	"github.com/smartwalle/alipay/v3"
)

func init() {
	judges["smartwalle_rotation"] = Judge{
		Public: func(*World) []string { return PublicOf(&alipay.Client{}, "Client") },
		Steps: map[string]func(*World){
			"certificate_renewed":         smartwalleCertificateRenewed,
			"certificate_fetched_by_hand": smartwalleCertificateFetched,
		},
	}
}

func smartwalleCertificateRenewed(w *World) {
	client := smartwalleCertified(w)
	unknown := must(Watch(w, client.TradeQuery)(context.Background(), alipay.TradeQuery{OutTradeNo: "smartwallenever"}))
	equal(unknown.SubCode, "ACQ.TRADE_NOT_EXIST")
}

func smartwalleCertificateFetched(w *World) {
	client := smartwalleCertified(w)
	asked := alipay.CertDownload{AliPayCertSN: w.Text("alipay/alipay_cert_sn")}
	told := must(Watch(w, client.CertDownload)(context.Background(), asked))
	content := must(base64.StdEncoding.DecodeString(told.AliPayCertContent))
	check(strings.HasPrefix(string(content), "-----BEGIN CERTIFICATE-----"), "%s", content)
}
