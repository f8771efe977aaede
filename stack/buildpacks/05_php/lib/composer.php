<?php
// SPDX-License-Identifier: MIT
// What composer.json in this folder says, for the scripts of this buildpack:
//   setting NAME DEFAULT [VENDOR-DIR]   of "config"
//   document-root                       of "extra"
//   wants-packages, script NAME         exit code 0: yes
//   unmet                               what Composer's JSON on standard input finds missing, a line each
//   login                               auth.json from COMPOSER_GITHUB_OAUTH_TOKEN

function composer_json(): array
{
	$json = json_decode((string) @file_get_contents('composer.json'), true);
	return is_array($json) ? $json : [];
}

function setting(string $name, string $default, string $vendor = ''): void
{
	$value = composer_json()['config'][$name] ?? $default;
	echo str_replace('{$vendor-dir}', $vendor, rtrim((string) $value, '/'));
}

function document_root(): void
{
	$extra = composer_json()['extra'] ?? [];
	echo $extra['moorage']['document-root'] ?? $extra['heroku']['document-root'] ?? '';
}

// Names with a slash are packages; the others are PHP, its extensions and the like.
function wants_packages(): bool
{
	foreach (array_keys(composer_json()['require'] ?? []) as $name) {
		if (str_contains($name, '/')) {
			return true;
		}
	}
	return false;
}

function unmet(): void
{
	foreach (json_decode((string) stream_get_contents(STDIN), true) ?: [] as $row) {
		if ($row['status'] !== 'success') {
			$wish = $row['failed_requirement'] ?? [];
			echo implode("\t", [$row['name'], $wish['constraint'] ?? '*', $wish['source'] ?? 'composer.json']), "\n";
		}
	}
}

function login(): void
{
	echo json_encode(['github-oauth' => ['github.com' => getenv('COMPOSER_GITHUB_OAUTH_TOKEN')]]);
}

switch ($argv[1] ?? '') {
	case 'setting':
		setting($argv[2], $argv[3], $argv[4] ?? '');
		break;
	case 'document-root':
		document_root();
		break;
	case 'wants-packages':
		exit(wants_packages() ? 0 : 1);
	case 'script':
		exit(isset(composer_json()['scripts'][$argv[2]]) ? 0 : 1);
	case 'unmet':
		unmet();
		break;
	case 'login':
		login();
		break;
	default:
		exit(2);
}
