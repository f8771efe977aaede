/* SPDX-License-Identifier: MIT */
#include "tools/certmake.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "tools/certname.h"

enum {
	SUBJECT_MAX = 2048,
	COMMON_NAME_MAX = 64, /* ub-common-name of RFC 5280 */
	SERIAL_BYTES = 16,
};

static const char *const file_names[] = { "server.key", "server.crt", "server.csr" };

/* What is being made; all of it is freed by made_done(). */
struct made {
	EVP_PKEY *key;
	X509_NAME *name;
	STACK_OF(X509_EXTENSION) * extensions;
	X509 *cert;
	X509_REQ *request;
	BIO *text[ARRAY_SIZE(file_names)];
};

static void made_done(struct made *m)
{
	EVP_PKEY_free(m->key);
	X509_NAME_free(m->name);
	sk_X509_EXTENSION_pop_free(m->extensions, X509_EXTENSION_free);
	X509_free(m->cert);
	X509_REQ_free(m->request);
	for (size_t i = 0; i < ARRAY_SIZE(m->text); i++)
		BIO_free_all(m->text[i]);
}

static int openssl_failed(struct err *err, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	return err_set(err, ERR_FAILED, "cannot %s: %s", what, reason ? reason : "unknown reason");
}

/* One "TYPE=value" at *P, which ends at an unescaped slash; leaves *P behind it. */
static int add_subject_part(X509_NAME *name, const char **p, struct err *err)
{
	AUTO_STRBUF part = STRBUF_INIT;
	AUTO_FREE char *type = NULL;
	const char *equals;

	for (; **p && **p != '/'; (*p)++) {
		if (**p == '\\' && (*p)[1])
			(*p)++;
		strbuf_addch(&part, **p);
	}
	*p += **p == '/';
	equals = strchr(part.buf, '=');
	if (!equals || equals == part.buf)
		return err_set(err, ERR_INVALID, "'%s' in the subject is not TYPE=value", part.buf);
	if (!equals[1])
		return 0;
	type = xstrndup(part.buf, (size_t)(equals - part.buf));
	if (X509_NAME_add_entry_by_txt(name, type, MBSTRING_UTF8, (const unsigned char *)equals + 1,
		    -1, -1, 0) != 1)
		return err_set(err, ERR_INVALID, "'%s' in the subject is not accepted: %s",
			part.buf, ERR_reason_error_string(ERR_peek_last_error()));
	return 0;
}

static int make_name(struct made *made, const struct certmake *m, struct err *err)
{
	const char *p = m->subject ? m->subject : "";
	const char *domain = m->domains.items[0];

	if (strlen(p) > SUBJECT_MAX || has_control(p) || !utf8_valid(p, strlen(p)))
		return err_set(err, ERR_INVALID,
			"the subject is too long or holds control characters");
	if (*p && *p != '/')
		return err_set(err, ERR_INVALID, "the subject must start with '/'");
	made->name = X509_NAME_new();
	p += *p == '/';
	while (*p) {
		int r = add_subject_part(made->name, &p, err);

		if (r < 0)
			return r;
	}
	if (X509_NAME_get_index_by_NID(made->name, NID_commonName, -1) >= 0 ||
		strlen(domain) > COMMON_NAME_MAX)
		return 0;
	if (X509_NAME_add_entry_by_NID(made->name, NID_commonName, MBSTRING_ASC,
		    (const unsigned char *)domain, -1, -1, 0) != 1)
		return openssl_failed(err, "set the common name");
	return 0;
}

static int add_extension(struct made *made, int nid, const char *value, struct err *err)
{
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	if (!ext || !X509v3_add_ext(&made->extensions, ext, -1)) {
		X509_EXTENSION_free(ext);
		return openssl_failed(err, "make the certificate's extensions");
	}
	X509_EXTENSION_free(ext);
	return 0;
}

static int make_extensions(struct made *made, const struct certmake *m, struct err *err)
{
	AUTO_STRBUF alt = STRBUF_INIT;
	int r;

	/* A name without entries leaves the alternative names as the only identity. */
	strbuf_addstr(&alt, X509_NAME_entry_count(made->name) ? "" : "critical,");
	for (size_t i = 0; i < m->domains.count; i++)
		strbuf_addf(&alt, "%sDNS:%s", i ? "," : "", m->domains.items[i]);
	if ((r = add_extension(made, NID_subject_alt_name, alt.buf, err)) < 0 ||
		(r = add_extension(made, NID_basic_constraints, "critical,CA:FALSE", err)) < 0)
		return r;
	return add_extension(made, NID_ext_key_usage, "serverAuth", err);
}

static int set_serial(X509 *cert)
{
	unsigned char bytes[SERIAL_BYTES];
	BIGNUM *bn;
	bool ok;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return -1;
	bytes[0] = (bytes[0] & 0x7f) | 0x40; /* positive and of full length */
	bn = BN_bin2bn(bytes, sizeof(bytes), NULL);
	ok = bn && BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(cert));
	BN_free(bn);
	return ok ? 0 : -1;
}

static int make_cert(struct made *made, const struct certmake *m, struct err *err)
{
	time_t now = (time_t)m->now;

	made->cert = X509_new();
	if (X509_set_version(made->cert, X509_VERSION_3) != 1 || set_serial(made->cert) < 0 ||
		X509_set_subject_name(made->cert, made->name) != 1 ||
		X509_set_issuer_name(made->cert, made->name) != 1 ||
		X509_set_pubkey(made->cert, made->key) != 1 ||
		!X509_time_adj_ex(X509_getm_notBefore(made->cert), 0, 0, &now) ||
		!X509_time_adj_ex(X509_getm_notAfter(made->cert), (int)m->days, 0, &now))
		return openssl_failed(err, "make the certificate");
	for (int i = 0; i < sk_X509_EXTENSION_num(made->extensions); i++) {
		if (X509_add_ext(made->cert, sk_X509_EXTENSION_value(made->extensions, i), -1) != 1)
			return openssl_failed(err, "make the certificate");
	}
	if (X509_sign(made->cert, made->key, EVP_sha256()) <= 0)
		return openssl_failed(err, "sign the certificate");
	return 0;
}

static int make_request(struct made *made, struct err *err)
{
	made->request = X509_REQ_new();
	if (X509_REQ_set_version(made->request, X509_REQ_VERSION_1) != 1 ||
		X509_REQ_set_subject_name(made->request, made->name) != 1 ||
		X509_REQ_set_pubkey(made->request, made->key) != 1 ||
		X509_REQ_add_extensions(made->request, made->extensions) != 1 ||
		X509_REQ_sign(made->request, made->key, EVP_sha256()) <= 0)
		return openssl_failed(err, "make the signing request");
	return 0;
}

static int make_texts(struct made *made, struct err *err)
{
	made->text[0] = BIO_new(BIO_s_secmem());
	made->text[1] = BIO_new(BIO_s_mem());
	made->text[2] = BIO_new(BIO_s_mem());
	if (PEM_write_bio_PrivateKey(made->text[0], made->key, NULL, NULL, 0, NULL, NULL) != 1 ||
		PEM_write_bio_X509(made->text[1], made->cert) != 1 ||
		PEM_write_bio_X509_REQ(made->text[2], made->request) != 1)
		return openssl_failed(err, "write the certificate");
	return 0;
}

static int write_files(const struct made *made, const char *dir, struct err *err)
{
	int r = 0;
	size_t done = 0;

	for (; r >= 0 && done < ARRAY_SIZE(file_names); done++) {
		AUTO_FREE char *path = path_join(dir, file_names[done]);
		char *data = NULL;
		long len = BIO_get_mem_data(made->text[done], &data);

		r = fs_write(path, data, (size_t)len, 0640, err);
	}
	for (size_t i = 0; r < 0 && i < done; i++) {
		AUTO_FREE char *path = path_join(dir, file_names[i]);

		unlink(path);
	}
	return r;
}

static int check_input(const struct certmake *m, const char *dir, struct err *err)
{
	if (!m->domains.count || m->domains.count > CERTMAKE_DOMAINS_MAX)
		return err_set(err, ERR_INVALID, "from 1 to %d domains are needed",
			CERTMAKE_DOMAINS_MAX);
	for (size_t i = 0; i < m->domains.count; i++) {
		const char *domain = m->domains.items[i];

		if (!certname_host_valid(domain, strlen(domain)))
			return err_set(err, ERR_INVALID, "'%s' is not a valid host name",
				has_control(domain) ? "?" : domain);
	}
	if (!fs_is_dir(dir))
		return err_set(err, ERR_NOT_FOUND, "folder '%s' does not exist", dir);
	for (size_t i = 0; i < ARRAY_SIZE(file_names); i++) {
		AUTO_FREE char *path = path_join(dir, file_names[i]);

		if (fs_exists(path))
			return err_set(err, ERR_EXISTS, "'%s' exists already", path);
	}
	return 0;
}

int certmake_write(const struct certmake *m, const char *dir, struct err *err)
{
	CLEANUP(made_done) struct made made = { 0 };
	int r;

	if ((r = check_input(m, dir, err)) < 0 || (r = make_name(&made, m, err)) < 0 ||
		(r = make_extensions(&made, m, err)) < 0)
		return r;
	made.key = EVP_RSA_gen(CERTMAKE_RSA_BITS);
	if (!made.key)
		return openssl_failed(err, "make a key");
	if ((r = make_cert(&made, m, err)) < 0 || (r = make_request(&made, err)) < 0 ||
		(r = make_texts(&made, err)) < 0)
		return r;
	return write_files(&made, dir, err);
}
