// SPDX-License-Identifier: MIT
// A small server: greets, and gives every answer a number of its own.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/google/uuid"
)

func env(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func hello(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Request-Id", uuid.NewString())
	fmt.Fprintf(w, "%s from Go!\n", env("GREETING", "Hello"))
}

func ready(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintln(w, "ready")
}

func main() {
	http.HandleFunc("/", hello)
	http.HandleFunc("/ready", ready)
	log.Fatal(http.ListenAndServe(":"+env("PORT", "5000"), nil))
}
