# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# shellcheck disable=SC2154 # go_here is set by version.bash
# Modules and programs.

go_environment() {
	local dir
	dir=$(cache_dir go)
	export GOPATH=$dir/path GOMODCACHE=$dir/modules GOCACHE=$dir/build GOENV=off GO111MODULE=on
	# Without it the cache is full of folders that nobody may delete.
	export GOFLAGS="${GOFLAGS:+$GOFLAGS }-modcacherw"
	mkdir -p "$GOPATH" "$GOMODCACHE" "$GOCACHE"
	# A commit's number in the program would need a repository, which is not here.
	! version_reaches "$go_here" 1.18 || GOFLAGS+=" -buildvcs=false"
}

go_hints() { # LOG CODE
	local text at
	text=$(<"$1")
	at=$(grep -oE '^(\./)?[^ :]+\.go:[0-9]+:[0-9]+: .*' "$1" | head -1) || true
	[[ ! $at ]] || echo "The first line that failed: $at"
	case $text in
	*"missing go.sum entry"* | *"updates to go.mod needed"* | *"updates to go.sum needed"* | *"no required module provides package"*)
		echo "go.mod or go.sum is not complete: run 'go mod tidy' and commit both" ;;
	*"inconsistent vendoring"*)
		echo "vendor/ does not fit go.mod: run 'go mod vendor' and commit vendor/" ;;
	*"checksum mismatch"* | *"SECURITY ERROR"*)
		echo "A module is not what go.sum says. If it was replaced on purpose: run 'go clean -modcache && go mod tidy' and commit go.sum" ;;
	*"terminal prompts disabled"* | *"could not read Username"* | *"410 Gone"* | *"404 Not Found"* | *"unknown revision"*)
		echo "A module cannot be fetched. Private ones: config:set <app> GOPRIVATE=<host>/<owner>, with a login by GOPROXY or netrc" ;;
	*"invalid go version"* | *"unknown directive: toolchain"* | *"note: module requires Go"*)
		echo "go.mod is written for a newer Go than $go_here: go mod edit -go=${go_here%.*} -toolchain=none" ;;
	*"requires cgo"* | *"C compiler"*)
		echo "A package has a part in C: config:set <app> CGO_ENABLED=1" ;;
	*dial\ tcp* | *"i/o timeout"*)
		echo "The module proxy does not answer; one of yours: config:set <app> GOPROXY=https://..." ;;
	esac
}

# As a step of its own, so that it shows whether it is a module or a line that fails.
go_download() {
	local key known
	if [[ -f vendor/modules.txt ]]; then
		title "Using the modules in vendor/"
		return 0
	fi
	key=$(cache_key go.mod go.sum -- "$go_here")
	known=$(cache_dir go)/downloaded
	if [[ $(cat "$known" 2>/dev/null) == "$key" ]]; then
		title "go.sum is that of the last build: modules taken from the cache, nothing to download"
		return 0
	fi
	title "Downloading modules"
	run_tool go_hints go mod download
	printf '%s\n' "$key" >"$known"
}

# What to build: the app's config, then go.mod, then every program of the module.
go_packages() {
	local wanted
	wanted=$(env_get GO_INSTALL_PACKAGE_SPEC)
	[[ $wanted ]] || wanted=$(module_note install)
	if [[ $wanted ]]; then
		tr -s '[:space:]' '\n' <<<"$wanted"
	else
		go list -find -f '{{ if eq .Name "main" }}{{ .ImportPath }}{{ end }}' ./...
	fi
}

# Fills packages.
go_list() {
	local log listed lines
	log=$(mktemp)
	listed=$(go_packages 2>"$log") || {
		mapfile -t lines < <(cat "$log" && go_hints "$log")
		fail "The packages of the module cannot be listed (go list ./...)" "${lines[@]}"
	}
	rm -f "$log"
	[[ $listed ]] || fail "The module has no program: no package is named 'main'" \
		"Where one is left out by build tags, say which to build: config:set <app> GO_INSTALL_PACKAGE_SPEC=./cmd/..."
	mapfile -t packages <<<"$listed"
}

go_build() {
	local packages=() flags=(-tags "${GO_BUILD_TAGS:-heroku}")
	go_list
	[[ ! ${GO_LINKER_SYMBOL:-} || ! ${GO_LINKER_VALUE:-} ]] || flags+=(-ldflags "-X $GO_LINKER_SYMBOL=$GO_LINKER_VALUE")
	mkdir -p bin
	title "Building ${packages[*]}"
	run_tool go_hints go build -v -p "$(cpus)" -o bin/ "${flags[@]}" "${packages[@]}"
	note "In bin: $(find bin -maxdepth 1 -type f -perm -u+x -printf '%f\n' | sort | paste -sd' ')"
}
