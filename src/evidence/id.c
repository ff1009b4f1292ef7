#include "evidence/evidence_priv.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/banned.h"

#define INPUT_DIGITS 16

void as_evidence_id(const uint8_t sha256[AS_SHA256_SIZE], uint64_t begin, uint64_t end,
                    char id[AS_EVIDENCE_ID_MAX])
{
    uint64_t input = 0;

    for (size_t i = 0; i < sizeof(input); i++)
        input = input << 8 | sha256[i];
    (void)snprintf(id, AS_EVIDENCE_ID_MAX, "%016" PRIx64 "-%" PRIx64 "-%" PRIx64, input, begin,
                   end - begin);
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hex(as_bytes text, uint64_t *ret)
{
    uint64_t value = 0;

    if (text.n == 0 || text.n > INPUT_DIGITS)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        int digit = hex_digit(text.p[i]);

        if (digit < 0)
            return false;
        value = value << 4 | (uint64_t)digit;
    }
    *ret = value;
    return true;
}

/* An offset or a length has one spelling, so that two ids are equal if their texts are. */
static bool read_number(as_bytes text, uint64_t *ret)
{
    return read_hex(text, ret) && (text.n == 1 || text.p[0] != '0');
}

/* The parts between the dashes; 0 if there are more than `max`. */
static size_t split(as_bytes text, as_bytes *parts, size_t max)
{
    size_t n = 0, from = 0;

    for (size_t i = 0; i <= text.n; i++) {
        if (i < text.n && text.p[i] != '-')
            continue;
        if (n == max)
            return 0;
        parts[n++] = (as_bytes){text.p + from, i - from};
        from = i + 1;
    }
    return n;
}

as_code as_evidence_parse(as_bytes id, as_evidence_ref *ret)
{
    as_evidence_ref ref = {0};
    as_bytes parts[3];
    uint64_t length;
    size_t n;

    if (id.n == 0 || id.n >= AS_EVIDENCE_ID_MAX)
        return AS_USAGE;
    n = split(id, parts, AS_COUNT(parts));
    if (n < 2)
        return AS_USAGE;
    ref.has_input = n == 3;
    if (ref.has_input && (parts[0].n != INPUT_DIGITS || !read_hex(parts[0], &ref.input)))
        return AS_USAGE;
    if (!read_number(parts[n - 2], &ref.begin) || !read_number(parts[n - 1], &length))
        return AS_USAGE;
    if (length == 0 || length > UINT64_MAX - ref.begin)
        return AS_USAGE;
    ref.end = ref.begin + length;
    *ret = ref;
    return AS_OK;
}
