# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What Gemfile.lock says. In the app's folder.

# Is the gem among those to install?
locked() { # GEM
	grep -qE "^    $1 \(" Gemfile.lock 2>/dev/null
}

# Its version, without what it was built for.
locked_version() { # GEM
	sed -nE "s/^    $1 \(([0-9A-Za-z.]+)(-[^)]*)?\)\$/\1/p" Gemfile.lock | head -1
}

# The command that serves config.ru. Ruby has no web server of its own since version 3.
# shellcheck disable=SC2016 # for the shell that starts the app
rack_server() {
	if locked puma; then
		echo 'bundle exec puma -p ${PORT:-5000}'
	elif locked falcon; then
		echo 'bundle exec falcon serve --bind http://0.0.0.0:${PORT:-5000}'
	elif locked unicorn; then
		echo 'bundle exec unicorn -p ${PORT:-5000}'
	elif locked thin; then
		echo 'bundle exec thin start -R config.ru -e $RACK_ENV -p ${PORT:-5000}'
	elif locked webrick && { locked rackup || [[ $(locked_version rack) == [12].* ]]; }; then
		echo 'bundle exec rackup config.ru --host 0.0.0.0 -p ${PORT:-5000}'
	else
		return 1
	fi
}
