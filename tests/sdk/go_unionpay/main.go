// Drives smartwalle/unionpay, the Go community's, unmodified: what it sends to the address that it is told, and whether it believes what comes back.
// Its hosts are constants, so a transport of its own changes the host of each request, as the package allows.

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"github.com/smartwalle/unionpay"
)

const card = "6221558812340000"

type toAddress struct{ to *url.URL }

func (t toAddress) RoundTrip(request *http.Request) (*http.Response, error) {
	request.URL.Scheme, request.URL.Host, request.Host = t.to.Scheme, t.to.Host, t.to.Host
	return http.DefaultTransport.RoundTrip(request)
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func shop(folder, address string) *unionpay.Client {
	text := func(name string) string { return string(must(os.ReadFile(filepath.Join(folder, "unionpay", name)))) }
	transport := toAddress{must(url.Parse(address))}
	client := must(unionpay.New([]byte(text("acp_test_sign.pfx")), text("pfx_password"), text("mer_id"), false,
		unionpay.WithHTTPClient(&http.Client{Transport: transport})))
	for _, err := range []error{client.LoadRootCert(text("acp_test_root.cer")), client.LoadIntermediateCert(text("acp_test_middle.cer"))} {
		if err != nil {
			panic(err)
		}
	}
	return client
}

func person(phone string) *unionpay.Customer {
	return &unionpay.Customer{PhoneNo: phone, CVN2: "123", Expired: "2311", CertType: "01",
		CertId: "341126197709218366", Name: "互联网", SMSCode: "123456", PIN: "123456"}
}

// The steps; each takes the words behind its name and says something that JSON can hold.
var steps = map[string]func(*unionpay.Client, []string) any{
	"update": func(c *unionpay.Client, _ []string) any {
		if err := c.LoadEncryptKey(); err != nil {
			panic(err)
		}
		return c.EncryptCertId()
	},
	"app": func(c *unionpay.Client, words []string) any {
		return must(c.CreateAppPayment(words[0], "123", words[1]))
	},
	"web": func(c *unionpay.Client, words []string) any {
		return must(c.CreateWebPayment(words[0], "123", "http://127.0.0.1:9/front", words[1])).HTML
	},
	"query": func(c *unionpay.Client, words []string) any {
		return must(c.GetTransaction(words[0], words[1]))
	},
	"account": func(c *unionpay.Client, words []string) any {
		if err := c.LoadEncryptKey(); err != nil {
			panic(err)
		}
		return must(c.CreateAccountPayment(words[0], "200", words[1], card, person(words[2])))
	},
	"refund": func(c *unionpay.Client, words []string) any {
		return must(c.Refund(words[0], words[1], words[2], words[3]))
	},
	"revoke": func(c *unionpay.Client, words []string) any {
		return must(c.Revoke(words[0], words[1], words[2], words[3]))
	},
	"reverse": func(c *unionpay.Client, words []string) any {
		return must(c.ReverseAccountPayment(words[0], words[1]))
	},
	"notify": func(c *unionpay.Client, words []string) any {
		values := must(url.ParseQuery(words[0]))
		told := must(c.DecodeNotification(values))
		values.Set("txnAmt", "1")
		_, err := c.DecodeNotification(values)
		return map[string]any{"told": told, "tampered": err != nil}
	},
}

func main() {
	folder, address, name := os.Args[1], os.Args[2], os.Args[3]
	said := steps[name](shop(folder, address), os.Args[4:])
	fmt.Println(string(must(json.Marshal(said))))
}
