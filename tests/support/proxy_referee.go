package main

import (
	"bufio"
	"fmt"
	"net/http"
	"net/url"
	"os"
)

// Reads URLs, one a line; answers with the proxy of each, "direct", or "error".
func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		address, err := url.Parse(lines.Text())
		if err != nil {
			fmt.Println("error")
			continue
		}
		proxy, err := http.ProxyFromEnvironment(&http.Request{URL: address})
		switch {
		case err != nil:
			fmt.Println("error")
		case proxy == nil:
			fmt.Println("direct")
		default:
			fmt.Println(proxy.Scheme + "://" + proxy.Host)
		}
	}
}
