// SPDX-License-Identifier: MIT
// What an app's package.json says.
//
//   node package.js check DIR          says what is wrong with the file, exit code 1
//   node package.js scripts DIR        names of scripts, one on a line
//   node package.js engines DIR        "RANGE" when engines.node leaves out the node that runs this
//   node package.js manager DIR        "NAME VERSION" of the field packageManager, without a checksum
//   node package.js essence DIR        all that decides what is installed, for a checksum
//   node package.js folders DIR        cacheDirectories, one on a line
'use strict';
const fs = require('fs');
const path = require('path');

const [command, top] = process.argv.slice(2);
// Scripts that run while packages are installed decide too; the others and the app's version do not.
const fields = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies', 'bundledDependencies',
	'bundleDependencies', 'overrides', 'resolutions', 'pnpm', 'workspaces', 'packageManager', 'dependenciesMeta'];

function read(dir) {
	return JSON.parse(fs.readFileSync(path.join(dir, 'package.json'), 'utf8').replace(/^\uFEFF/, ''));
}

function check() {
	let data;
	try {
		data = read(top);
	} catch (error) {
		console.log(`package.json cannot be read: ${error.message}`);
		process.exit(1);
	}
	if (!data || typeof data !== 'object' || Array.isArray(data)) {
		console.log('package.json does not hold an object');
		process.exit(1);
	}
}

// Debian has semver as a package of its own; elsewhere npm brings it.
function semver() {
	const npm = process.env.NPM_MODULES || '/usr/share/nodejs/npm/node_modules';
	for (const place of ['semver', path.join(npm, 'semver')]) {
		try {
			return require(place);
		} catch (error) {
			if (error.code !== 'MODULE_NOT_FOUND') throw error;
		}
	}
	return null;
}

function engines() {
	const range = (read(top).engines || {}).node;
	const versions = semver();
	if (typeof range === 'string' && versions && versions.validRange(range) !== null &&
		!versions.satisfies(process.version, range)) console.log(range);
}

function manager() {
	const match = /^([a-z]+)@([^+]+)/.exec(read(top).packageManager || '');
	if (match) console.log(`${match[1]} ${match[2]}`);
}

// Folders of a workspace: "packages/*" and plain names; deeper patterns count as their first part's tree.
function members(data) {
	const patterns = Array.isArray(data.workspaces) ? data.workspaces : (data.workspaces || {}).packages || [];
	const found = [];
	const walk = (dir, depth) => {
		for (const entry of fs.readdirSync(dir, { withFileTypes: true })) {
			if (!entry.isDirectory() || entry.name === 'node_modules' || entry.name.startsWith('.')) continue;
			const below = path.join(dir, entry.name);
			if (fs.existsSync(path.join(below, 'package.json'))) found.push(below);
			if (depth < 4) walk(below, depth + 1);
		}
	};
	if (patterns.length || fs.existsSync(path.join(top, 'pnpm-workspace.yaml'))) walk(top, 0);
	return found.sort();
}

function part(dir) {
	const data = read(dir);
	return fields.map((field) => [field, data[field]]).filter(([, value]) => value !== undefined);
}

function essence() {
	const out = [['.', part(top)]];
	for (const dir of members(read(top))) out.push([path.relative(top, dir), part(dir)]);
	console.log(JSON.stringify(out));
}

const commands = {
	check,
	engines,
	manager,
	essence,
	scripts: () => {
		const scripts = read(top).scripts || {};
		for (const name of Object.keys(scripts)) if (scripts[name]) console.log(name);
	},
	folders: () => {
		const data = read(top);
		for (const folder of data.cacheDirectories || data.cache_directories || []) console.log(folder);
	},
};
commands[command]();
