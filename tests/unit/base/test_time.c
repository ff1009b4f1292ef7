#include "base/time.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/banned.h"

/* The text, and what as_time_text() makes of the moment; NULL: it is none. */
struct reading {
    const char *text, *want;
};

static const struct reading readings[] = {
    {"2022-03-24 11:35:41,123", "2022-03-24T11:35:41.123Z"},
    {"2020-10-29 04:16:27.415", "2020-10-29T04:16:27.415Z"},
    {"2024-12-19 01:02:19.378519", "2024-12-19T01:02:19.378519Z"},
    {"2024-12-19 00:33:04", "2024-12-19T00:33:04Z"},
    {"2024-12-19 00:33", "2024-12-19T00:33:00Z"},
    {"2020-10-29T12:16:13.188Z", "2020-10-29T12:16:13.188Z"},
    {"2020-10-29T12:16:13.1880009Z", "2020-10-29T12:16:13.188Z"},
    {"2020-10-29t12:16:13z", "2020-10-29T12:16:13Z"},
    {"2023-07-22T14:58:57.807511+0000", "2023-07-22T14:58:57.807511Z"},
    {"2023-07-22 14:58:57+02:00", "2023-07-22T12:58:57Z"},
    {"2023-07-22T14:58:57-0730", "2023-07-22T22:28:57Z"},
    {"2023-07-22T14:58:57 +05", "2023-07-22T09:58:57Z"},
    {"2023-01-01T00:00:00+0100", "2022-12-31T23:00:00Z"},
    {"2012-01-19 14:05:31 UTC+0000", "2012-01-19T14:05:31Z"},
    {"2012-01-19 14:05:31 UTC", "2012-01-19T14:05:31Z"},
    {"2009:12:05 22:50:46+00:00", "2009-12-05T22:50:46Z"},
    {"2024/02/29 23:59:60", "2024-03-01T00:00:00Z"},
    {"2024-01-01", "2024-01-01T00:00:00Z"},
    {" 2024-01-01 ", "2024-01-01T00:00:00Z"},
    {"1970-01-01 00:00:00", "1970-01-01T00:00:00Z"},
    {"9999-12-31 23:59:59", "9999-12-31T23:59:59Z"},
    {"20230515T201137", "2023-05-15T20:11:37Z"},
    {"20230515T201137Z", "2023-05-15T20:11:37Z"},
    {"20230515T201137.25+0200", "2023-05-15T18:11:37.250Z"},
    {"20230515201137", "2023-05-15T20:11:37Z"},
    {"20240101000000Z", "2024-01-01T00:00:00Z"},
    {"20210304", "2021-03-04T00:00:00Z"},
    {"1716999138.637955", "2024-05-29T16:12:18.637955Z"},
    {"1700000030.000", "2023-11-14T22:13:50Z"},
    {"1716999134.3", "2024-05-29T16:12:14.300Z"},
    {"1650000000", "2022-04-15T05:20:00Z"},
    {"1716999138637", "2024-05-29T16:12:18.637Z"},
    {"1716999138637.955", "2024-05-29T16:12:18.637955Z"},
    {"1716999138637955", "2024-05-29T16:12:18.637955Z"},
    {"133614727386379550", "2024-05-29T16:12:18.637955Z"},
    {"11/14/23 22:13:50.000", "2023-11-14T22:13:50Z"},
    {"03/24/2022-11:35:41.123456", "2022-03-24T11:35:41.123456Z"},
    {"11/14/2023 10:13:50 PM", "2023-11-14T22:13:50Z"},
    {"11/14/2023 12:13:50 AM", "2023-11-14T00:13:50Z"},
    {"11/14/2023 12:13:50PM", "2023-11-14T12:13:50Z"},
    {"Mar 11, 2024 09:13:29.9 CET", "2024-03-11T08:13:29.900Z"},
    {"Jan  1 00:00:00 2024 GMT", "2024-01-01T00:00:00Z"},
    {"Mon Mar 11 08:39:55 2024 UTC", "2024-03-11T08:39:55Z"},
    {"Mon, 11 Mar 2024 08:39:55 GMT", "2024-03-11T08:39:55Z"},
    {"11-Mar-2024 08:39:55", "2024-03-11T08:39:55Z"},
    {"0x65EEC35B [Mon Mar 11 08:39:55 2024 UTC]", "2024-03-11T08:39:55Z"},
};

static const char *const others[] = {
    "",
    " ",
    "t1",
    "-",
    "N/A",
    "0",
    "2500",
    "151333",
    "31.113245964050293",
    "0.0",
    "600000000",            /* ten minutes of microseconds */
    "99999999999",          /* neither seconds nor milliseconds of our time */
    "99999999999999999999", /* more than 64 bits */
    "-1716999138",
    "+1716999138",
    "1716999138.",
    "1716999138,5",
    "1716999138.5e3",
    "01716999138",
    "1716999138637955.5",
    "22:38:51",
    "22:38:51.484687",
    "Mar 11 09:13:29", /* of which year? */
    "2023-02-29",
    "2023-13-01",
    "2023-00-10",
    "2023-01-00",
    "2023-01-32 00:00:00",
    "2023-01-01 24:00:00",
    "2023-01-01 10:60:00",
    "2023-01-01 10:00:61",
    "2023-01-01 10:00:00.",
    "2023-01-01 10:00:00 XYZ",
    "2023-01-01 10:00:00 CST",
    "2023-01-01 10:00:00+16:00",
    "2023-01-01 10:00:00+02:60",
    "2023-01-01 10:00:00+2",
    "2023-01-01 10:00:00Zoo",
    "2023-01-01 10:00:00Z 1",
    "2023-01-01T",
    "2023-01-01 ten",
    "2023-01/01",
    "1601-01-01 00:00:00", /* the Windows way to say never */
    "0001-01-01T00:00:00Z",
    "20231301",
    "20230515T2011",
    "99991231",
    "13/14/23 22:13:50",
    "11/14/023 22:13:50",
    "11/14/23",
    "11/14/2023 13:13:50 PM",
    "11/14/2023 0:13:50 AM",
    "Mon Marc 11 08:39:55 2024",
    "0x65EEC35B",
    "0x65EEC35B [",
    "0x65EEC35B [Mon Mar 11 08:39:55 2024 UTC",
    "2023-01-01 10:00:00 UTC+0000 and a long tail that nothing here can be asked to read",
};

static bool parse(const char *text, int64_t *us)
{
    uint8_t *copy = NULL;
    as_bytes all = as_bytes_of(text);
    bool ok;

    /* An exact block: a step past its end is seen by the sanitizer. */
    copy = as_mem_get(all.n > 0 ? all.n : 1);
    assert_non_null(copy);
    memcpy(copy, all.p, all.n);
    ok = as_time_parse((as_bytes){copy, all.n}, us);
    as_mem_free(copy);
    return ok;
}

static void each_form_of_a_moment_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < AS_COUNT(readings); i++) {
        char text[AS_TIME_SIZE];
        int64_t us = 0;

        if (!parse(readings[i].text, &us))
            fail_msg("not read: '%s'", readings[i].text);
        if (strcmp(as_time_text(us, text), readings[i].want) != 0)
            fail_msg("'%s' is '%s', not '%s'", readings[i].text, text, readings[i].want);
    }
}

static void what_is_no_moment_is_left_alone(void **state)
{
    int64_t us = 42;

    (void)state;
    for (size_t i = 0; i < AS_COUNT(others); i++) {
        if (parse(others[i], &us))
            fail_msg("read as a moment: '%s'", others[i]);
        assert_int_equal(us, 42);
    }
    assert_false(as_time_parse((as_bytes){NULL, 0}, &us));
    assert_false(as_time_parse((as_bytes){(const uint8_t *)"2024-01-01\0", 11}, &us));
}

static void every_beginning_of_a_moment_is_survived(void **state)
{
    (void)state;
    for (size_t i = 0; i < AS_COUNT(readings); i++) {
        char text[AS_TIME_TEXT_MAX + 1] = "";
        size_t n = strlen(readings[i].text);

        assert_true(n < sizeof(text));
        for (size_t cut = 0; cut < n; cut++) {
            int64_t us;

            memcpy(text, readings[i].text, cut);
            text[cut] = '\0';
            (void)parse(text, &us);
        }
    }
}

static void what_is_written_is_read_back(void **state)
{
    uint64_t seed = 1;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        char text[AS_TIME_SIZE];
        int64_t us, back = -1;

        seed = seed * 6364136223846793005u + 1442695040888963407u;
        us = (int64_t)((seed >> 8) % ((uint64_t)253402300799 * 1000000));
        if (i % 3 == 0)
            us -= us % 1000;
        if (i % 7 == 0)
            us -= us % 1000000;
        assert_true(parse(as_time_text(us, text), &back));
        assert_int_equal(back, us);
    }
}

static void days_follow_each_other(void **state)
{
    char text[AS_TIME_SIZE], before[AS_TIME_SIZE] = "";

    (void)state;
    /* 1970 to 2400: each day is written as a later one than that before it, and read back. */
    for (int64_t day = 0; day < 157054; day++) {
        int64_t us = 0;

        assert_true(strcmp(as_time_text(day * 86400 * AS_TIME_SECOND, text), before) > 0);
        assert_true(parse(text, &us));
        assert_int_equal(us, day * 86400 * AS_TIME_SECOND);
        memcpy(before, text, sizeof(before));
    }
    assert_string_equal(text, "2399-12-31T00:00:00Z");
}

static void moments_far_away_are_written_too(void **state)
{
    char text[AS_TIME_SIZE];

    (void)state;
    assert_string_equal(as_time_text(0, text), "1970-01-01T00:00:00Z");
    assert_string_equal(as_time_text(-1, text), "1969-12-31T23:59:59.999999Z");
    assert_string_equal(as_time_text(-11644473600 * AS_TIME_SECOND, text), "1601-01-01T00:00:00Z");
    assert_string_equal(as_time_text(INT64_MAX, text), "294247-01-10T04:00:54.775807Z");
    assert_true(strlen(as_time_text(INT64_MIN, text)) < AS_TIME_SIZE - 1);
    assert_true(as_time_now() > (int64_t)1700000000 * AS_TIME_SECOND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_of_a_moment_is_read),
        cmocka_unit_test(what_is_no_moment_is_left_alone),
        cmocka_unit_test(every_beginning_of_a_moment_is_survived),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(days_follow_each_other),
        cmocka_unit_test(moments_far_away_are_written_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
