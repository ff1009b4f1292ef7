#include "encode/http.h"
#include "encode/remote.h"

#include "unit/encode/scripted_server.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "base/banned.h"

#define OK(body) "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" body
#define TWO      "{\"data\":[{\"index\":1,\"embedding\":[0,2]},{\"index\":0,\"embedding\":[3,4]}]}"
#define BUSY     "HTTP/1.1 429 Busy\r\nRetry-After: 0\r\nContent-Length: 2\r\n\r\n{}"
#define FAULT    "HTTP/1.1 500 No\r\nContent-Length: 6\r\n\r\nbroken"
#define TEXTS    ((const as_bytes[]){AS_LITERAL("one"), AS_LITERAL("two \"x\"\n")})

static as_code encode(struct script *s, as_remote_options o, float ret[4], as_err *err)
{
    char endpoint[64];
    as_remote *r = NULL;
    as_code rc;

    assert_int_equal(script_start(s), 0);
    (void)snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%u", s->port);
    o.endpoint = endpoint;
    o.model = o.model ? o.model : "m";
    o.pause_ms = 1;
    o.tries = 3;
    rc = as_remote_new(&o, &r, err);
    if (!rc)
        rc = as_remote_encoder(r)->passages(as_remote_encoder(r)->ctx, TEXTS, 2, ret, err);
    as_remote_free(r);
    script_join(s);
    return rc;
}

static void vectors_come_in_the_order_of_their_index_and_normalised(void **state)
{
    struct script s = {.answers = {OK(TWO)}, .n = 1};
    as_remote_options o = {.dim = 2, .passage = "passage: "};
    float v[4] = {0};
    as_err err = {0};

    (void)state;
    (void)setenv("ASSAY_ENCODER_KEY", "k3y", 1);
    assert_int_equal(encode(&s, o, v, &err), AS_OK);
    (void)unsetenv("ASSAY_ENCODER_KEY");
    assert_true(fabsf(v[0] - 0.6f) < 1e-6f && fabsf(v[1] - 0.8f) < 1e-6f);
    assert_true(fabsf(v[2]) < 1e-6f && fabsf(v[3] - 1) < 1e-6f);
    assert_non_null(strstr(script_asked(&s, 0), "POST /v1/embeddings HTTP/1.1"));
    assert_non_null(strstr(script_asked(&s, 0), "Authorization: Bearer k3y"));
    assert_non_null(
        strstr(script_asked(&s, 0), "\"input\":[\"passage: one\",\"passage: two \\\"x\\\"\\n\"]"));
    assert_non_null(strstr(script_asked(&s, 0), "\"encoding_format\":\"float\""));
    script_done(&s);
}

static void the_dimension_is_asked_for_and_batches_are_kept(void **state)
{
    struct script s = {.answers = {OK("{\"embeddings\":[[1,0]]}"), OK("{\"embeddings\":[[1,1]]}"),
                                   OK("{\"embeddings\":[[0,-1]]}")},
                       .n = 3};
    as_remote_options o = {.api = AS_REMOTE_OLLAMA, .batch = 1};
    float v[4] = {0};
    as_err err = {0};

    (void)state;
    assert_int_equal(encode(&s, o, v, &err), AS_OK);
    assert_true(fabsf(v[3] + 1) < 1e-6f);
    assert_non_null(strstr(script_asked(&s, 2), "POST /api/embed HTTP/1.1"));
    assert_null(strstr(script_asked(&s, 2), "Authorization"));
    script_done(&s);
}

static void what_passes_is_tried_again_and_what_does_not_is_told(void **state)
{
    struct script good = {.answers = {BUSY, FAULT, OK(TWO)}, .n = 3};
    struct script bad = {.answers = {FAULT, FAULT, FAULT}, .n = 3};
    as_remote_options o = {.dim = 2};
    float v[4];
    as_err err = {0};

    (void)state;
    assert_int_equal(encode(&good, o, v, &err), AS_OK);
    assert_int_equal(good.at, 3);
    assert_int_equal(err.code, AS_OK);
    script_done(&good);
    assert_int_equal(encode(&bad, o, v, &err), AS_UNAVAILABLE);
    assert_int_equal(bad.at, 3);
    assert_non_null(strstr(err.msg, "500: broken"));
    script_done(&bad);
}

static void answers_that_are_wrong_are_refused(void **state)
{
    static const struct {
        const char *answer, *why;
    } cases[] = {
        {OK("{\"data\":[{\"index\":0,\"embedding\":[1,2,3]},{\"embedding\":[1,2]}]}"),
         "more than 2"},
        {OK("{\"data\":[{\"index\":0,\"embedding\":[1]},{\"embedding\":[1,2]}]}"), "are due"},
        {OK("{\"data\":[{\"index\":0,\"embedding\":[1,2]}]}"), "1 vectors for 2"},
        {OK("{\"data\":[{\"index\":0,\"embedding\":[1,2]},{\"index\":0,\"embedding\":[1,2]}]}"),
         "twice"},
        {OK("{\"data\":[{\"index\":9,\"embedding\":[1,2]}]}"), "too many"},
        {OK("{\"data\":[{\"index\":0,\"embedding\":[NaN,2]}]}"), "byte"},
        {OK("{\"data\":[{\"index\":0,\"embedding\":[null,2]}]}"), "no number"},
        {OK("{\"data\":[{\"index\":0,\"embedding\":[1e999,2]}]}"), "finite"},
        {OK("{\"data\":[{\"index\":0,\"embedding\":[0,0]}]}"), "length"},
        {OK("{\"data\":[{\"index\":0,\"embedding\":\"AACAPw==\"}]}"), "list"},
        {OK("{\"data\":[{\"index\":0,\"embedding\":[1,2"), ""},
        {OK(""), ""},
        {OK("[]"), "object"},
    };
    as_remote_options o = {.dim = 2};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        struct script s = {.answers = {cases[i].answer}, .n = 1};
        as_err err = {0};
        float v[4];

        assert_int_equal(encode(&s, o, v, &err), AS_INVALID);
        if (strcmp(cases[i].why, "byte") != 0 && !strstr(err.msg, cases[i].why))
            fail_msg("'%s' and not '%s'", err.msg, cases[i].why);
        script_done(&s);
    }
}

static void an_answer_that_is_too_long_is_a_limit(void **state)
{
    size_t n = 300000;
    char *answer = as_mem_get(n);
    struct script s = {.answers = {answer}, .n = 1};
    as_remote_options o = {.dim = 2};
    as_err err = {0};
    float v[4];

    (void)state;
    assert_non_null(answer);
    memset(answer, ' ', n);
    memcpy(answer, OK(""), sizeof(OK("")) - 1);
    answer[n - 1] = '\0';
    assert_int_equal(encode(&s, o, v, &err), AS_LIMIT);
    script_done(&s);
    as_mem_free(answer);
}

static void every_truncation_of_an_answer_is_refused(void **state)
{
    as_bytes whole = AS_LITERAL(TWO);
    size_t dim = 2;
    float v[4];

    (void)state;
    for (size_t n = 0; n < whole.n; n++)
        assert_int_not_equal(
            as_remote_answer((as_bytes){whole.p, n}, AS_REMOTE_OPENAI, 2, &dim, v, NULL), AS_OK);
    assert_int_equal(as_remote_answer(whole, AS_REMOTE_OPENAI, 2, &dim, v, NULL), AS_OK);
}

static void without_memory_nothing_is_lost(void **state)
{
    size_t dim = 2;
    as_code rc = AS_NOMEM;
    float v[4];

    (void)state;
    for (uint64_t n = 1; rc && n < 1000; n++) {
        as_mem_fail_at(n);
        rc = as_remote_answer(AS_LITERAL(TWO), AS_REMOTE_OPENAI, 2, &dim, v, NULL);
        as_mem_fail_at(0);
        assert_true(rc == AS_OK || rc == AS_NOMEM);
    }
    assert_int_equal(rc, AS_OK);
}

static void offline_nothing_is_sent(void **state)
{
    struct script s = {.n = 0};
    as_remote_options o = {.dim = 2};
    as_err err = {0};
    float v[4];

    (void)state;
    (void)setenv("ASSAY_OFFLINE", "1", 1);
    assert_int_equal(encode(&s, o, v, &err), AS_UNAVAILABLE);
    (void)unsetenv("ASSAY_OFFLINE");
    assert_int_equal(s.at, 0);
    script_done(&s);
}

/* Two servers: the one sends on to the other. */
static void the_token_stays_with_its_origin(void **state)
{
    struct script to = {.answers = {OK("there")}, .n = 1}, from = {.n = 1};
    char first[64], where[160];
    as_http_options o = {.bearer = "s3cret"};
    as_http_request r = {.body_max = 100};
    as_http_reply reply = {0};
    as_http *h = NULL;
    as_err err = {0};

    (void)state;
    assert_int_equal(script_start(&to), 0);
    (void)snprintf(
        where, sizeof(where),
        "HTTP/1.1 302 Go\r\nLocation: http://127.0.0.1:%u/x\r\nContent-Length: 0\r\n\r\n", to.port);
    from.answers[0] = where;
    assert_int_equal(script_start(&from), 0);
    (void)snprintf(first, sizeof(first), "http://127.0.0.1:%u/", from.port);
    r.url = first;
    assert_int_equal(as_http_new(&o, &h, &err), AS_OK);
    assert_int_equal(as_http_send(h, &r, &reply, &err), AS_OK);
    script_join(&from);
    script_join(&to);
    assert_true(as_bytes_is(as_buf_bytes(&reply.body), "there"));
    assert_non_null(strstr(script_asked(&from, 0), "Bearer s3cret"));
    assert_null(strstr(script_asked(&to, 0), "Bearer"));
    as_http_reply_done(&reply);
    as_http_free(h);
    script_done(&from);
    script_done(&to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_come_in_the_order_of_their_index_and_normalised),
        cmocka_unit_test(the_dimension_is_asked_for_and_batches_are_kept),
        cmocka_unit_test(what_passes_is_tried_again_and_what_does_not_is_told),
        cmocka_unit_test(answers_that_are_wrong_are_refused),
        cmocka_unit_test(an_answer_that_is_too_long_is_a_limit),
        cmocka_unit_test(every_truncation_of_an_answer_is_refused),
        cmocka_unit_test(without_memory_nothing_is_lost),
        cmocka_unit_test(offline_nothing_is_sent),
        cmocka_unit_test(the_token_stays_with_its_origin),
    };

    (void)unsetenv("http_proxy");
    (void)unsetenv("HF_HUB_OFFLINE");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
