# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Apps that tests push. Loaded after helpers.bash: `load ../lab/apps`.

# http_app DIR VERSION: a repository with the test server, which answers VERSION, and a check that
# takes as long as the server needs.
http_app() {
	mkdir -p "$1"
	cat >"$1/Dockerfile" <<-'DOCKER'
		FROM moorage-lab/http:1
		COPY VERSION /app/VERSION
	DOCKER
	health_check "$1" '{ "type": "startup", "path": "/health", "attempts": 10, "wait": 1, "timeout": 2 }'
	echo "$2" >"$1/VERSION"
	git_app "$1"
}

# health_check DIR JSON: the only check of web, and all that app.json says.
health_check() {
	printf '{ "healthchecks": { "web": [ %s ] } }\n' "$2" >"$1/app.json"
}

# set_version DIR VERSION: committed.
set_version() {
	echo "$2" >"$1/VERSION"
	git_commit "$1" "$2"
}

# push_version DIR APP VERSION
push_version() {
	set_version "$1" "$3" && git_push "$1" "$2"
}

# host_of APP: its name under the global domain that lab_domain set.
host_of() {
	echo "$1.example.test"
}

# The fixture images have no bash.
lab_shell() {
	dokku scheduler:set --global shell /bin/sh
}

lab_domain() {
	echo example.test >"$INST/home/VHOST"
	chown --reference "$INST/home" "$INST/home/VHOST"
}

# serves APP VERSION
serves() {
	http_body_is "$(host_of "$1")" / "$2"
}

# served APP: the version that answers now, "" when none does.
served() {
	http_get "$(host_of "$1")" / -f 2>/dev/null
}

# containers_of APP: "<name> <state>" of each, running or not, without the prefix that the names of
# an instance's containers have.
containers_of() {
	docker_lab ps -a --filter "label=com.moorage.instance=$LABEL" \
		--filter "label=com.dokku.app-name=$1" --format '{{.Names}} {{.State}}' | sed "s/^$LABEL\.//" | sort
}

# running_of APP: names of its running containers.
running_of() {
	containers_of "$1" | sed -n 's/ running$//p'
}

# web_container APP: the id of what serves as web.1.
web_container() {
	cat "$INST/home/$1/CONTAINER.web.1"
}

# app_env APP NAME: a variable as the running app sees it.
app_env() {
	http_get "$(host_of "$1")" /env | sed -n "s/^$2=//p"
}

# image_of APP: its name in the engine.
image_of() {
	echo "dokku-$LABEL/$1:latest"
}

# install_plugin NAME TRIGGER...: a third-party plugin in which each of the triggers is the script
# that comes on standard input.
install_plugin() {
	local name=$1 dir=$INST/lib/plugins/available/$1 trigger
	shift
	mkdir -p "$dir" "$INST/lib/plugins/enabled"
	printf '[plugin]\ndescription = "%s"\nversion = "0.1.0"\n[plugin.config]\n' "$name" >"$dir/plugin.toml"
	cat >"$dir/script"
	chmod +x "$dir/script"
	for trigger; do
		ln -s script "$dir/$trigger"
	done
	ln -s "$dir" "$INST/lib/plugins/enabled/$name"
	chown -Rh --reference "$INST/home" "$INST/lib/plugins"
}

remove_plugin() {
	rm -rf "$INST/lib/plugins/enabled/$1" "$INST/lib/plugins/available/$1"
}
