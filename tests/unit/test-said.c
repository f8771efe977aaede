/* SPDX-License-Identifier: MIT */
/* What of a build's output is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "builders/dockerfile/said.h"

static void expect(const char *input, size_t piece, const char *want)
{
	AUTO_SAID said = SAID_INIT;
	AUTO_STRBUF out = STRBUF_INIT;
	size_t len = strlen(input);

	for (size_t at = 0; at < len; at += piece)
		said_feed(&said, input + at, len - at < piece ? len - at : piece, &out);
	said_end(&said, &out);
	assert_string_equal(out.buf, want);
}

static void buildkit_steps_without_housekeeping(void **state)
{
	static const char input[] = "#1 [internal] load build definition from Dockerfile\n"
				    "#1 sha256:0123\n#1 DONE 0.0s\n\n"
				    "#4 [1/2] FROM docker.io/library/x:1\n#4 CACHED\n\n"
				    "#5 [2/2] RUN make\n#5 sha256:4567\n#5 0.690 compiling\n"
				    "#5 0.7 sha256:in-the-output\n#5 DONE 1.0s\n\n"
				    "#6 exporting to image\n#6 naming to y done\n#6 DONE 0.1s";
	static const char want[] = "#4 [1/2] FROM docker.io/library/x:1\n#4 CACHED\n"
				   "#5 [2/2] RUN make\n#5 0.690 compiling\n"
				   "#5 0.7 sha256:in-the-output\n#5 DONE 1.0s\n";

	expect(input, sizeof(input), want);
	expect(input, 1, want);
}

static void everything_from_the_first_error_on(void **state)
{
	expect("#3 [internal] load metadata for docker.io/no:1\n#3 ERROR: not found\n------\n > "
	       "[internal] load metadata for docker.io/no:1:\n\nfailed to solve\n",
		7,
		"#3 ERROR: not found\n------\n > [internal] load metadata for docker.io/no:1:\n"
		"failed to solve\n");
}

static void classic_steps_without_ids(void **state)
{
	expect("Sending build context to Docker daemon  3.07kB\r\r\nStep 1/2 : FROM x\n ---> "
	       "0123456789ab\nStep 2/2 : RUN make\n ---> Running in 0123456789ab\nout\n"
	       "Successfully built 0123456789ab\n",
		5, "Step 1/2 : FROM x\nStep 2/2 : RUN make\nout\n");
}

static void messages_may_quote_what_they_replace(void **state)
{
	AUTO_ERR err = ERR_INIT;

	err_user(&err, ERR_FAILED, 3, "inner");
	err_user(&err, ERR_FAILED, 0, "outer\n%s", err_text(&err));
	assert_string_equal(err_text(&err), "outer\ninner");
	assert_int_equal(err.exit_code, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buildkit_steps_without_housekeeping),
		cmocka_unit_test(everything_from_the_first_error_on),
		cmocka_unit_test(classic_steps_without_ids),
		cmocka_unit_test(messages_may_quote_what_they_replace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
