/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Names inside certificates, as text. A certificate is written by a stranger: every text made here
 * is printable ASCII whatever bytes the certificate holds (anything else is escaped), and the list
 * of hosts holds valid host names only.
 */

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/strvec.h"

enum {
	CERTNAME_TEXT_MAX = 16384, /* bytes of one name's text */
	CERTNAME_HOSTS_MAX = 4096, /* alternative names in one certificate */
	HOST_NAME_MAX_LEN = 253,
};

/*
 * LEN bytes at S are a host name: letters, digits, '-' and '_' in labels of at most 63, a leading
 * "*." label allowed, at most 253 bytes.
 */
bool certname_host_valid(const char *s, size_t len);

/* "C = US, O = Example, CN = a.example" appended to OUT, as `openssl x509 -text` has issuers. */
MUST_CHECK int certname_oneline(const X509_NAME *name, struct strbuf *out, struct err *err);
/* "C=US; O=Example; CN=a.example" appended to OUT; a slash in a value separates as well. */
MUST_CHECK int certname_list(const X509_NAME *name, struct strbuf *out, struct err *err);

/*
 * The hosts CERT is for, sorted, without duplicates. HOSTS gets valid names in lower case, for
 * machines. SHOWN gets what a report shows: the same names as written, and the common name also
 * where it is no host name. ERR_INVALID when the alternative names do not parse.
 */
MUST_CHECK int certname_hosts(const X509 *cert, struct strvec *hosts, struct strvec *shown,
	struct err *err);
