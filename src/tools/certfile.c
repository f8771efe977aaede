/* SPDX-License-Identifier: MIT */
#include "tools/certfile.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "tools/certname.h"

/* What OpenSSL's security level 2, the default of Debian's nginx, asks for. */
enum { SECURITY_BITS_MIN = 112 };

static void bio_done(BIO **bio)
{
	BIO_free_all(*bio);
}

void certfile_chain_done(STACK_OF(X509) * *chain)
{
	int saved = errno;

	sk_X509_pop_free(*chain, X509_free);
	errno = saved;
}

void certfile_key_done(EVP_PKEY **key)
{
	int saved = errno;

	EVP_PKEY_free(*key);
	errno = saved;
}

/* OpenSSL's reason for its last error; a static text of the library. */
static const char *openssl_reason(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	return reason ? reason : "unknown format";
}

static int no_certificate(const char *path, const struct strbuf *data, struct err *err)
{
	if (data->len > 1 && data->buf[0] == 0x30)
		return err_set(err, ERR_INVALID,
			"'%s' is not in PEM format (it looks like DER: convert it with "
			"'openssl x509 -inform der')",
			path);
	if (!memmem(data->buf, data->len, "-----BEGIN", 10))
		return err_set(err, ERR_INVALID, "'%s' is not in PEM format", path);
	return err_set(err, ERR_INVALID, "'%s' holds no readable certificate: %s", path,
		openssl_reason());
}

int certfile_load(const char *path, STACK_OF(X509) * *ret, struct err *err)
{
	AUTO_STRBUF data = STRBUF_INIT;
	CLEANUP(bio_done) BIO *bio = NULL;
	AUTO_CHAIN *chain = sk_X509_new_null();
	int r = fs_read(path, CERTFILE_BYTES_MAX, &data, err);
	unsigned long e;
	X509 *cert;

	if (r < 0)
		return r;
	bio = BIO_new_mem_buf(data.buf, (int)data.len);
	ERR_clear_error();
	while ((cert = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		if (sk_X509_push(chain, cert) > CERTFILE_CHAIN_MAX)
			return err_set(err, ERR_INVALID, "'%s' holds more than %d certificates",
				path, CERTFILE_CHAIN_MAX);
	}
	if (sk_X509_num(chain) < 1)
		return no_certificate(path, &data, err);
	e = ERR_peek_last_error();
	if (ERR_GET_LIB(e) != ERR_LIB_PEM || ERR_GET_REASON(e) != PEM_R_NO_START_LINE)
		return err_set(err, ERR_INVALID, "'%s': certificate %d does not parse: %s", path,
			sk_X509_num(chain) + 1, openssl_reason());
	ERR_clear_error();
	*ret = TAKE_PTR(chain);
	return 0;
}

/* Nobody is there to type a passphrase, now or when the proxy starts. */
static int refuse_passphrase(char *buf, int size, int writing, void *asked)
{
	*(bool *)asked = true;
	return -1;
}

int certfile_load_key(const char *path, EVP_PKEY **ret, struct err *err)
{
	CLEANUP(strbuf_erase) struct strbuf data = STRBUF_INIT;
	CLEANUP(bio_done) BIO *bio = NULL;
	bool asked = false;
	EVP_PKEY *key;
	int r;

	/* Room for the longest file at once: growing would leave copies of the key behind. */
	strbuf_grow(&data, CERTFILE_BYTES_MAX);
	r = fs_read(path, CERTFILE_BYTES_MAX, &data, err);
	if (r < 0)
		return r;
	bio = BIO_new_mem_buf(data.buf, (int)data.len);
	ERR_clear_error();
	key = PEM_read_bio_PrivateKey(bio, NULL, refuse_passphrase, &asked);
	if (!key && asked)
		return err_set(err, ERR_INVALID,
			"the private key '%s' is encrypted; remove its passphrase first", path);
	if (!key && !memmem(data.buf, data.len, "PRIVATE KEY-----", 16))
		return err_set(err, ERR_INVALID, "'%s' holds no private key in PEM format", path);
	if (!key)
		return err_set(err, ERR_INVALID, "the private key '%s' does not parse: %s", path,
			openssl_reason());
	*ret = key;
	return 0;
}

int certfile_check_pair(STACK_OF(X509) * chain, EVP_PKEY *key, struct err *err)
{
	int match = -1;

	for (int i = 0; match < 0 && i < sk_X509_num(chain); i++) {
		const EVP_PKEY *public = X509_get0_pubkey(sk_X509_value(chain, i));

		if (!public && i == 0)
			return err_set(err, ERR_INVALID,
				"the certificate's public key is of an unknown kind");
		if (public && EVP_PKEY_eq(public, key) == 1)
			match = i;
	}
	ERR_clear_error();
	if (match < 0)
		return err_set(err, ERR_INVALID,
			"the private key does not belong to the certificate");
	if (match > 0)
		return err_set(err, ERR_INVALID,
			"the private key belongs to certificate %d of the file, but the server's "
			"certificate must come first",
			match + 1);
	return 0;
}

static void store_done(X509_STORE **store)
{
	X509_STORE_free(*store);
}

static void store_ctx_done(X509_STORE_CTX **ctx)
{
	X509_STORE_CTX_free(*ctx);
}

bool certfile_verified(X509 *leaf, STACK_OF(X509) * untrusted, STACK_OF(X509) * trusted)
{
	CLEANUP(store_done) X509_STORE *store = X509_STORE_new();
	CLEANUP(store_ctx_done) X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	bool ok;

	if (!store || !ctx || X509_STORE_set_default_paths(store) != 1)
		return false;
	for (int i = 0; i < (trusted ? sk_X509_num(trusted) : 0); i++) {
		if (X509_STORE_add_cert(store, sk_X509_value(trusted, i)) != 1)
			return false;
	}
	if (X509_STORE_CTX_init(ctx, store, leaf, untrusted) != 1 ||
		X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_SERVER) != 1)
		return false;
	ok = X509_verify_cert(ctx) == 1;
	ERR_clear_error();
	return ok;
}

static int time_epoch(const ASN1_TIME *t, int64_t *ret, struct err *err)
{
	struct tm tm;

	if (ASN1_TIME_check(t) != 1 || ASN1_TIME_to_tm(t, &tm) != 1)
		return err_set(err, ERR_INVALID, "a date in the certificate does not parse");
	*ret = timegm(&tm);
	return 0;
}

/* "Nov 23 01:00:42 2027 GMT" */
static int set_time_text(json_t *obj, const char *key, const ASN1_TIME *t, struct err *err)
{
	CLEANUP(bio_done) BIO *bio = BIO_new(BIO_s_mem());
	char *data = NULL;
	long len;

	if (!bio || ASN1_TIME_print(bio, t) != 1)
		return err_set(err, ERR_INVALID, "a date in the certificate does not parse");
	len = BIO_get_mem_data(bio, &data);
	json_object_set_new(obj, key, json_stringn(data, (size_t)len));
	return 0;
}

static int set_times(json_t *obj, const X509 *cert, int64_t now, struct err *err)
{
	const ASN1_TIME *before = X509_get0_notBefore(cert);
	const ASN1_TIME *after = X509_get0_notAfter(cert);
	int64_t from;
	int64_t to;
	int r;

	if ((r = time_epoch(before, &from, err)) < 0 || (r = time_epoch(after, &to, err)) < 0)
		return r;
	if ((r = set_time_text(obj, "starts-at", before, err)) < 0 ||
		(r = set_time_text(obj, "expires-at", after, err)) < 0)
		return r;
	json_object_set_new(obj, "not-before", json_integer(from));
	json_object_set_new(obj, "not-after", json_integer(to));
	json_object_set_new(obj, "not-yet-valid", json_boolean(now < from));
	json_object_set_new(obj, "expired", json_boolean(now > to));
	return 0;
}

static int set_names(json_t *obj, const X509 *cert, struct err *err)
{
	AUTO_STRBUF subject = STRBUF_INIT;
	AUTO_STRBUF issuer = STRBUF_INIT;
	AUTO_STRVEC hosts = STRVEC_INIT;
	AUTO_STRVEC shown = STRVEC_INIT;
	AUTO_FREE char *joined = NULL;
	json_t *array;
	int r;

	if ((r = certname_list(X509_get_subject_name(cert), &subject, err)) < 0 ||
		(r = certname_oneline(X509_get_issuer_name(cert), &issuer, err)) < 0 ||
		(r = certname_hosts(cert, &hosts, &shown, err)) < 0)
		return r;
	joined = strvec_joined(&shown, " ");
	json_object_set_new(obj, "subject", json_string(subject.buf));
	json_object_set_new(obj, "issuer", json_string(issuer.buf));
	json_object_set_new(obj, "hostnames", json_string(joined));
	array = json_array();
	for (size_t i = 0; i < hosts.count; i++)
		json_array_append_new(array, json_string(hosts.items[i]));
	json_object_set_new(obj, "hosts", array);
	return 0;
}

static int set_ids(json_t *obj, const X509 *cert, struct err *err)
{
	AUTO_STRBUF hex = STRBUF_INIT;
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);

	if (X509_digest(cert, EVP_sha256(), md, &len) != 1)
		return err_set(err, ERR_INVALID, "the certificate has no digest: %s",
			openssl_reason());
	for (unsigned int i = 0; i < len; i++)
		strbuf_addf(&hex, "%02x", md[i]);
	json_object_set_new(obj, "fingerprint-sha256", json_string(hex.buf));
	strbuf_clear(&hex);
	if (ASN1_STRING_length(serial) > 64)
		return err_set(err, ERR_INVALID, "the certificate's serial number is too long");
	for (int i = 0; i < ASN1_STRING_length(serial); i++)
		strbuf_addf(&hex, "%02x", ASN1_STRING_get0_data(serial)[i]);
	json_object_set_new(obj, "serial", json_string(hex.buf));
	return 0;
}

static void warn(json_t *warnings, char *text)
{
	json_array_append_new(warnings, json_string(text));
	free(text);
}

/* What nginx refuses at its default security level, and what browsers stumble over. */
static void add_warnings(json_t *warnings, STACK_OF(X509) * chain)
{
	for (int i = 0; i < sk_X509_num(chain); i++) {
		X509 *cert = sk_X509_value(chain, i);
		const EVP_PKEY *key = X509_get0_pubkey(cert);
		bool self_signed = X509_self_signed(cert, 0) == 1;
		int md = NID_undef;
		int bits = 0;

		if (key && EVP_PKEY_get_security_bits(key) < SECURITY_BITS_MIN)
			warn(warnings, xasprintf("certificate %d has a key of only %d bits", i + 1,
					       EVP_PKEY_get_bits(key)));
		if (!self_signed && X509_get_signature_info(cert, &md, NULL, &bits, NULL) == 1 &&
			bits < SECURITY_BITS_MIN)
			warn(warnings, xasprintf("certificate %d has a weak signature (%s)", i + 1,
					       md == NID_undef ? "unknown" : OBJ_nid2sn(md)));
		if (i + 1 < sk_X509_num(chain) &&
			X509_check_issued(sk_X509_value(chain, i + 1), cert) != X509_V_OK)
			warn(warnings, xasprintf("certificate %d did not issue certificate %d: "
						 "the chain is incomplete or out of order",
					       i + 2, i + 1));
	}
	ERR_clear_error();
}

static void object_done(json_t **obj)
{
	json_decref(*obj);
}

int certfile_describe(STACK_OF(X509) * chain, int64_t now, json_t **ret, struct err *err)
{
	CLEANUP(object_done) json_t *obj = json_object();
	X509 *leaf = sk_X509_value(chain, 0);
	json_t *warnings = json_array();
	int r;

	json_object_set_new(obj, "warnings", warnings);
	if ((r = set_names(obj, leaf, err)) < 0 || (r = set_times(obj, leaf, now, err)) < 0 ||
		(r = set_ids(obj, leaf, err)) < 0)
		return r;
	json_object_set_new(obj, "self-signed", json_boolean(X509_self_signed(leaf, 0) == 1));
	json_object_set_new(obj, "chain-length", json_integer(sk_X509_num(chain)));
	if (json_is_true(json_object_get(obj, "expired")))
		warn(warnings, xstrdup("the certificate has expired"));
	if (json_is_true(json_object_get(obj, "not-yet-valid")))
		warn(warnings, xstrdup("the certificate is not valid yet"));
	if (!json_array_size(json_object_get(obj, "hosts")))
		warn(warnings, xstrdup("the certificate names no host"));
	add_warnings(warnings, chain);
	*ret = json_incref(obj);
	return 0;
}
