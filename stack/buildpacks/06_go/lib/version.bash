# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Which Go, and is it new enough?

# Debian keeps further versions beside each other in /usr/lib/go-1.22 and so on; the newest one counts.
go_choose() {
	local newest
	newest=$(find /usr/lib -maxdepth 1 -name 'go-1.*' | sort -V | tail -1)
	[[ ! -x $newest/bin/go ]] || PATH=$newest/bin:$PATH
	export PATH
	have go || fail "Go is not in this stack" "Make one that has it: stack:build"
	go_here=$(go env GOVERSION)
	go_here=${go_here#go}
}

# Is version A at least B? What a wish does not say ("1.19") fits any ("1.19.8").
version_reaches() { # A B
	[[ $(printf '%s\n%s\n' "$1" "$2" | sort -V | head -1) == "$2" ]]
}

# From 1.21 on, go itself fetches a newer one where a module asks for it.
go_fetches_itself() {
	version_reaches "$go_here" 1.21 && [[ $(go env GOTOOLCHAIN) != local ]]
}

go_check_version() {
	local wanted ways
	wanted=$(module_note goVersion)
	wanted=${wanted#go}
	[[ $wanted ]] || wanted=$(module_go)
	title "Using Go $go_here of the stack"
	if [[ ! $wanted ]] || version_reaches "$go_here" "$wanted" || go_fetches_itself; then
		return 0
	fi
	mapfile -t ways < <(other_ways Go)
	fail "go.mod asks for Go $wanted; this stack has Go $go_here" \
		"If the module needs nothing newer, write in go.mod: go ${go_here%.*}   (go mod edit -go=${go_here%.*})" \
		"${ways[@]}"
}
