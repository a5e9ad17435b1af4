// What a step has around it: the counterpart of kit/world.py in Go. The SDK is not touched: its functions tell their own names.

package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"sort"
	"strings"
	"time"
)

const wait = 25 * time.Second

// World is one simulator, started for this SDK alone.
type World struct {
	told struct {
		URLs           map[string]string `json:"urls"`
		ControlURL     string            `json:"control_url"`
		DeskURL        string            `json:"desk_url"`
		ProxyURL       string            `json:"proxy_url"`
		CredentialsDir string            `json:"credentials_dir"`
		Steps          []string          `json:"steps"`
		Report         string            `json:"report"`
	}
	called map[string]bool
}

// Received is one notify as it arrived.
type Received struct {
	Method  string            `json:"method"`
	Target  string            `json:"target"`
	Headers map[string]string `json:"headers"`
	Base64  string            `json:"body_base64"`
	Body    []byte            `json:"-"`
}

// Form is the body form-decoded, and nothing more.
func (r Received) Form() url.Values { return must(url.ParseQuery(string(r.Body))) }

// URL of the provider's own port, without a slash at the end.
func (w *World) URL(provider string) string { return w.told.URLs[provider] }

// Path of a file of the credentials, such as alipay/app_id.
func (w *World) Path(name string) string { return filepath.Join(w.told.CredentialsDir, name) }

// Text is what stands in it.
func (w *World) Text(name string) string { return string(must(os.ReadFile(w.Path(name)))) }

// NotifyURL is an address of this step's own: the tag keeps its notifies apart from others'.
func (w *World) NotifyURL(provider, tag string) string {
	return w.told.DeskURL + "/notify/" + provider + "/" + tag
}

// Notify is the next one that came to that address; waits for it.
func (w *World) Notify(provider, tag string) Received {
	var received Received
	w.call("GET", w.told.DeskURL+"/next/"+provider+"/"+tag, nil, &received)
	received.Body = must(base64.StdEncoding.DecodeString(received.Base64))
	return received
}

// Control is a call of the control API: GET, or POST where there is a body.
func (w *World) Control(path string, body any) map[string]any {
	method := "POST"
	if body == nil {
		method = "GET"
	}
	var answer map[string]any
	w.call(method, w.told.ControlURL+"/control/v1"+path, body, &answer)
	return answer
}

// Buyer acts on an order.
func (w *World) Buyer(provider, order, action string) {
	w.Control("/trades/"+provider+"/"+order+"/buyer", map[string]string{"action": action})
}

// NextDay lets two days pass, so that bills are there, and is the Beijing day that it was.
func (w *World) NextDay() string {
	now := must(time.Parse(time.RFC3339Nano, w.Control("/clock", nil)["schedule_at"].(string)))
	w.Control("/clock/advance", map[string]int{"seconds": 2 * 86_400})
	return now.UTC().Add(8 * time.Hour).Format(time.DateOnly)
}

func (w *World) call(method, address string, body, answer any) {
	var sent io.Reader
	if body != nil {
		sent = bytes.NewReader(must(json.Marshal(body)))
	}
	request := must(http.NewRequest(method, address, sent))
	request.Header.Set("Content-Type", "application/json")
	client := &http.Client{Timeout: wait, Transport: &http.Transport{Proxy: nil}}
	response := must(client.Do(request))
	defer response.Body.Close()
	text := must(io.ReadAll(response.Body))
	check(response.StatusCode < 300, "%s: %d %s", address, response.StatusCode, text)
	check(json.Unmarshal(text, answer) == nil, "%s: no JSON: %s", address, text)
}

// Watch gives the same function, and counts it as called: Watch(w, client.TradePay)(ctx, request).
func Watch[F any](w *World, function F) F {
	w.called[nameOf(function)] = true
	return function
}

// "github.com/x/y/v3.(*Client).TradePay-fm" is "Client.TradePay".
func nameOf(function any) string {
	full := runtime.FuncForPC(reflect.ValueOf(function).Pointer()).Name()
	full = strings.TrimSuffix(full[strings.LastIndex(full, "/")+1:], "-fm")
	_, name, _ := strings.Cut(full, ".")
	return strings.NewReplacer("(*", "", "(", "", ")", "").Replace(name)
}

func (w *World) takeCalled() []string {
	names := make([]string, 0, len(w.called))
	for name := range w.called {
		names = append(names, name)
	}
	sort.Strings(names)
	w.called = map[string]bool{}
	return names
}

// PublicOf lists the exported methods of a client, as Name.Method.
func PublicOf(client any, name string) []string {
	kind := reflect.TypeOf(client)
	names := make([]string, kind.NumMethod())
	for place := range names {
		names[place] = name + "." + kind.Method(place).Name
	}
	return names
}

// check fails the step.
func check(good bool, format string, values ...any) {
	if !good {
		panic(fmt.Sprintf(format, values...))
	}
}

// equal fails the step unless both are the same.
func equal[T comparable](got, wanted T) { check(got == wanted, "got %v, wanted %v", got, wanted) }

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func fine(err error) {
	if err != nil {
		panic(err)
	}
}

// redirect is where an address sends a browser.
func redirect(address string) string {
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	client := &http.Client{Timeout: wait, CheckRedirect: stay, Transport: &http.Transport{Proxy: nil}}
	response := must(client.Get(address))
	defer response.Body.Close()
	return response.Header.Get("Location")
}

// Request is the notify as a web server's handler gets it.
func (r Received) Request() *http.Request {
	request := must(http.NewRequest(r.Method, r.Target, bytes.NewReader(r.Body)))
	for name, value := range r.Headers {
		request.Header.Set(name, value)
	}
	return request
}
