# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of pack.bash
# The virtual environment: from the cache, or filled by pip.

deps() {
	python3 "$PACK_DIR/lib/deps.py" "$@"
}

# Sets KIND: the file that says what to install.
choose_list() {
	local kinds other
	kinds=$(deps kind "$BUILD_DIR" 2>&1) || fail "$kinds"
	[[ $kinds ]] || fail "Pipfile.lock is missing" "Run \"pipenv lock\" and commit Pipfile.lock"
	KIND=${kinds%%$'\n'*}
	for other in ${kinds#"$KIND"}; do
		# These two describe the project beside the list, which is no contradiction.
		[[ $other == pyproject.toml || $other == setup.py ]] || warn "$KIND is used; $other is not read"
	done
}

# The stack has one Python. A file for exactly another one ends the build, a range only warns.
check_python() {
	local have wanted file fits
	have=$(python3 -c 'import platform; print(platform.python_version())')
	note "Python $have of $STACK_NAME"
	wanted=$(deps python "$BUILD_DIR" 2>&1) || fail "$wanted"
	[[ $wanted ]] || return 0
	read -r file fits wanted <<<"$wanted"
	if [[ $fits == yes ]]; then
		[[ ! $wanted =~ ^[0-9]+\.[0-9]+\.[0-9]+$ || $wanted == "$have" ]] ||
			note "$file asks for $wanted: the distribution's ${have%.*} with its security updates is used"
		return 0
	fi
	if [[ $file == pyproject.toml || ${PYTHON_VERSION_CHECK:-} == warn ]]; then
		warn "$file asks for Python $wanted, this stack has $have: going on with it"
		return 0
	fi
	fail "$file asks for Python $wanted, this stack has only Python $have" \
		"If the app runs with it: put ${have%.*} into $file, or config:set <app> PYTHON_VERSION_CHECK=warn" \
		"Otherwise build with a Dockerfile, whose FROM line names any Python, or with another builder"
}

# What in the log of pip says what failed.
explain_pip() { # LOG CODE
	local package
	package=$(sed -nE 's/^ERROR: (No matching distribution found for|Could not find a version that satisfies the requirement) ([^ ]+).*/\2/p' "$1" | head -1)
	if [[ $package ]]; then
		echo "Package not found: $package$(list_line "$package")"
		echo "Is its name right, does that version exist for this Python, and is it in the index (PIP_INDEX_URL)?"
	fi
	package=$(sed -nE 's/.*(Failed building wheel for|Could not build wheels for|Running setup.py install for) ([A-Za-z0-9._-]+).*/\2/p' "$1" | tail -1)
	[[ ! $package ]] || echo "Package that could not be built: $package$(list_line "$package")"
	if grep -q 'pg_config executable not found' "$1"; then
		echo "PostgreSQL's headers are missing: take psycopg2-binary, or have libpq-dev in the stack"
	fi
	if grep -qE 'mysql_config(: | )not found|Can not find valid pkg-config name' "$1"; then
		echo "MySQL's headers are missing: take PyMySQL, or have default-libmysqlclient-dev in the stack"
	fi
	if grep -q 'DO NOT MATCH THE HASHES' "$1"; then
		echo "What the index has is not what $KIND was made from: lock again, or look at who changed the package"
	fi
	if grep -qE 'requires a different Python' "$1"; then
		echo "$(grep -oE "Package '[^']+' requires a different Python: .*" "$1" | head -1): take a version for this Python"
	fi
	if grep -qE 'ResolutionImpossible|conflicting dependencies' "$1"; then
		echo "Versions in $KIND contradict each other"
	fi
	if grep -qE '(401|403) (Client )?Error|401 Unauthorized|403 Forbidden' "$1"; then
		echo "The index refused: are the user and the password in PIP_INDEX_URL or PIP_EXTRA_INDEX_URL right?"
	fi
}

# " (line 3 of requirements.txt)", when one of the files names the package.
list_line() { # REQUIREMENT
	local name=${1%%[^A-Za-z0-9._-]*} file
	while read -r file; do
		grep -niE -m1 "(^|[\"' /])${name//[-_.]/[-_.]}([^A-Za-z0-9._-]|\$)" "$file" 2>/dev/null |
			sed -E "s,^([0-9]+):.*, (line \1 of ${file#"$BUILD_DIR"/}),"
	done < <(deps files "$BUILD_DIR" "$KIND") | head -1
}

pip_install() {
	run_tool explain_pip python3 -m pip --python .venv/bin/python install --progress-bar off --no-color "$@"
}

# What a lock file says, in pip's own terms.
install_lists() {
	local dir problem list
	dir=$(mktemp -d)
	problem=$(.venv/bin/python "$PACK_DIR/lib/deps.py" lists "$BUILD_DIR" "$KIND" "$dir" 2>&1) || fail "$problem"
	for list in hashed plain; do
		[[ -s $dir/$list.txt ]] || continue
		local options=(--no-deps)
		[[ $list != hashed ]] || options+=(--require-hashes)
		[[ $KIND == *.lock ]] || options=()
		pip_install "${options[@]}" -r "$dir/$list.txt"
	done
	if [[ -s $dir/project ]]; then
		options=()
		[[ $KIND != *.lock ]] || options=(--no-deps)
		pip_install "${options[@]}" -e .
	fi
	rm -rf "$dir"
}

# Source folders of editable packages have their clone's address, with its password.
scrub_venv() {
	find .venv/src -maxdepth 2 -name .git -exec rm -rf {} + 2>/dev/null || true
}

# As python3 -m venv makes it, without the seconds that its installation of pip takes.
new_venv() {
	local wheel
	step --hint "The stack has to have the package python3-venv" python3 -m venv --without-pip .venv
	for wheel in /usr/share/python-wheels/{pip,setuptools}-[0-9]*.whl; do
		step python3 -m zipfile -e "$wheel" .venv/lib/python3*/site-packages
	done
	# shellcheck disable=SC2016 # for another shell
	printf '#!/bin/sh\nexec "${0%%/*}/python" -m pip "$@"\n' | tee .venv/bin/pip >.venv/bin/pip3
	chmod +x .venv/bin/pip .venv/bin/pip3
}

fill_venv() {
	# A folder that somebody committed is from another machine.
	rm -rf .venv
	new_venv
	title "Installing packages of $KIND with pip"
	PIP_CACHE_DIR=$(cache_dir pip)
	export PIP_CACHE_DIR PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore
	# Also for packages without pyproject.toml: what they leave is in the environment then.
	export PIP_USE_PEP517=${PIP_USE_PEP517:-1}
	if [[ $KIND == requirements.txt ]]; then
		pip_install -r requirements.txt
	else
		install_lists
	fi
	scrub_venv
	trim_downloads "$PIP_CACHE_DIR"
}

# Its key: the lists' content, the Python, and options of pip that decide what is installed.
venv_key() {
	local key name
	key=$(deps key "$BUILD_DIR" "$KIND" 2>&1) || fail "$key"
	local words=("$KIND" "$key" "$BUILD_DIR" "$(python3 -VV)")
	for name in PIP_PRE PIP_NO_BINARY PIP_ONLY_BINARY PIP_CONSTRAINT PIP_NO_DEPS; do
		words+=("${!name:-}")
	done
	cache_key -- "${words[@]}"
}

count_packages() {
	find .venv/lib/python3*/site-packages -maxdepth 1 -name '*.dist-info' | wc -l
}

make_venv() {
	local key
	[[ ! -e .venv ]] || warn ".venv of the repository is not used: leave it out with .gitignore"
	rm -rf .venv
	key=$(venv_key)
	if cache_restore venv "$key" .venv; then
		title "Using the packages of the last build"
		note "$KIND is unchanged: nothing to install ($(count_packages) packages)"
	else
		fill_venv
		cache_save venv "$key" .venv
		note "$(count_packages) packages"
	fi
	export PATH=$BUILD_DIR/.venv/bin:$PATH VIRTUAL_ENV=$BUILD_DIR/.venv
}
