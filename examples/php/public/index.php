<?php
// SPDX-License-Identifier: MIT
// A small front page: greets whom the address names, and says when it is ready.
require __DIR__ . '/../vendor/autoload.php';

function text(string $line, int $status = 200): void
{
	http_response_code($status);
	header('Content-Type: text/plain');
	echo $line, "\n";
}

$routes = FastRoute\simpleDispatcher(function (FastRoute\RouteCollector $r) {
	$r->get('/', fn () => text((getenv('GREETING') ?: 'Hello') . ' from PHP!'));
	$r->get('/hello/{name}', fn (string $name) => text((getenv('GREETING') ?: 'Hello') . ", $name!"));
	$r->get('/ready', fn () => text('ready'));
});

$path = rawurldecode(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH));
$found = $routes->dispatch($_SERVER['REQUEST_METHOD'], $path);
if ($found[0] === FastRoute\Dispatcher::FOUND) {
	$found[1](...array_values($found[2]));
} else {
	text('not found', 404);
}
