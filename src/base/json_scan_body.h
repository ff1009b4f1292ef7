/*
 * json_scan_body - the block loop of every scanner; included by a file that has
 * defined `struct masks`, `classify`, `prefix_xor` and `put_positions`.
 *
 * The two bit tricks (which bytes a backslash escapes; which bytes lie between
 * quotes) are those of Langdale and Lemire, "Parsing Gigabytes of JSON per
 * Second", VLDB Journal 28 (2019), sections 3.1.1 and 3.1.2.
 */

/* Bytes that an odd run of backslashes escapes. Runs may cross blocks. */
static inline uint64_t find_escaped(as_json_scan *s, uint64_t backslash)
{
    const uint64_t even = 0x5555555555555555u;
    uint64_t follows, starts, sum, carry;

    if (!backslash) {
        uint64_t first = s->escaped;

        s->escaped = 0;
        return first;
    }
    backslash &= ~s->escaped;
    follows = backslash << 1 | s->escaped;
    starts = backslash & ~even & ~follows;
    carry = __builtin_add_overflow(starts, backslash, &sum);
    s->escaped = carry;
    return (even ^ (sum << 1)) & follows;
}

/* Keeps the faults below the current block's earliest one; false if there is one. */
static bool check_block(as_json_scan *s, const struct masks *m, const uint8_t *p, uint32_t at,
                        uint64_t in, uint64_t escaped, uint64_t base)
{
    uint64_t control = m->control & in;
    as_json_fault fault = AS_JSON_FAULT_NONE;
    uint32_t fault_at = UINT32_MAX;

    if (control) {
        fault = AS_JSON_FAULT_CONTROL;
        fault_at = at + (uint32_t)__builtin_ctzll(control);
    }
    if ((escaped & in) && !as_json_scan_escapes(s, p, at, escaped & in, base) &&
        s->fault_at < fault_at) {
        fault = s->fault;
        fault_at = s->fault_at;
    }
    if ((m->high || s->utf8) && !as_json_scan_utf8(s, p, at) && s->fault_at < fault_at) {
        fault = s->fault;
        fault_at = s->fault_at;
    }
    s->fault = fault;
    s->fault_at = fault_at;
    return fault == AS_JSON_FAULT_NONE;
}

static inline size_t scan_blocks(as_json_scan *s, const uint8_t *p, uint32_t at, size_t blocks,
                                 uint64_t base, uint32_t *idx)
{
    size_t n = 0;

    for (; blocks; blocks--, at += AS_JSON_BLOCK) {
        struct masks m = classify(p + at);
        uint64_t escaped = find_escaped(s, m.backslash);
        uint64_t quote = m.quote & ~escaped;
        uint64_t in = prefix_xor(quote) ^ s->in_string; /* opening quote in, closing out */
        uint64_t word = ~(m.structural | m.blank | m.quote | in);
        uint64_t start = word & ~(word << 1 | s->in_word);
        uint64_t bits = (m.structural & ~in) | quote | start;

        s->in_string = (uint64_t)((int64_t)in >> 63);
        s->in_word = word >> 63;
        if (__builtin_expect(((m.control | escaped) & in) != 0 || m.high || s->utf8, 0) &&
            !check_block(s, &m, p, at, in, escaped, base)) {
            uint32_t bad = s->fault_at - at; /* may lie beyond this block */

            if (bad < AS_JSON_BLOCK)
                bits &= ((uint64_t)1 << bad) - 1;
            return n + put_positions(idx + n, bits, at);
        }
        n += put_positions(idx + n, bits, at);
    }
    return n;
}
