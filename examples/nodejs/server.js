// SPDX-License-Identifier: MIT
// A greeting at /, a page made by the build at /about, and /ready for the health check in app.json.
'use strict';
const path = require('path');
const express = require('express');

const app = express();

app.get('/', (request, response) => {
	response.type('text').send(`${process.env.GREETING || 'Hello'} from Node.js ${process.version}\n`);
});
app.get('/about', (request, response) => response.sendFile(path.join(__dirname, 'dist', 'about.html')));
app.get('/ready', (request, response) => response.type('text').send('ready\n'));

const server = app.listen(process.env.PORT || 5000, () => console.log(`listening on port ${server.address().port}`));

// Old containers are told to stop with SIGTERM once no new requests reach them.
process.on('SIGTERM', () => server.close(() => process.exit(0)));
