#include "unit/encode/model_files.h"

#include "base/banned.h"

/* --- a zip as torch lays it out ------------------------------------------------------------ */

typedef struct zip_how {
    bool zip64, pad;
    uint16_t method, flags;
    const char *local_name; /* another name in the local header */
    uint32_t size_more;     /* what the directory adds to the first size */
} zip_how;

typedef struct zip {
    as_buf b, directory;
    unsigned n;
    zip_how how;
} zip;

static void zip_add(zip *z, const char *name, as_bytes data)
{
    size_t at = z->b.n, pad = z->how.pad ? 21 : 0;
    const char *local = z->how.local_name ? z->how.local_name : name;
    bool wide = z->how.zip64;

    as_buf_add(&z->b, AS_LITERAL("PK\3\4"));
    put_le(&z->b, 20, 2);
    put_le(&z->b, 8, 2); /* sizes are in a descriptor */
    put_le(&z->b, z->how.method, 2);
    as_buf_fill(&z->b, 0, 16);
    put_le(&z->b, strlen(local), 2);
    put_le(&z->b, pad, 2);
    as_buf_text(&z->b, local);
    as_buf_fill(&z->b, 'Z', pad);
    as_buf_add(&z->b, data);

    as_buf_add(&z->directory, AS_LITERAL("PK\1\2"));
    as_buf_fill(&z->directory, 0, 4);
    put_le(&z->directory, z->how.flags, 2);
    put_le(&z->directory, z->how.method, 2);
    as_buf_fill(&z->directory, 0, 8);
    for (int i = 0; i < 2; i++)
        put_le(&z->directory, wide ? 0xffffffff : data.n + (z->n ? 0 : z->how.size_more), 4);
    put_le(&z->directory, strlen(name), 2);
    put_le(&z->directory, wide ? 4 + 5 + 4 + 24 : 0, 2);
    as_buf_fill(&z->directory, 0, 10);
    put_le(&z->directory, wide ? 0xffffffff : at, 4);
    as_buf_text(&z->directory, name);
    if (wide) {
        put_le(&z->directory, 0x7777, 2); /* a field of somebody else before it */
        put_le(&z->directory, 5, 2);
        as_buf_text(&z->directory, "other");
        put_le(&z->directory, 1, 2);
        put_le(&z->directory, 24, 2);
        put_le(&z->directory, data.n, 8);
        put_le(&z->directory, data.n, 8);
        put_le(&z->directory, at, 8);
    }
    z->n++;
}

static as_bytes zip_end(zip *z)
{
    size_t at = z->b.n, size = z->directory.n;

    as_buf_add(&z->b, as_buf_bytes(&z->directory));
    if (z->how.zip64) {
        as_buf_add(&z->b, AS_LITERAL("PK\6\6"));
        put_le(&z->b, 44, 8);
        as_buf_fill(&z->b, 0, 12);
        put_le(&z->b, z->n, 8);
        put_le(&z->b, z->n, 8);
        put_le(&z->b, size, 8);
        put_le(&z->b, at, 8);
        as_buf_add(&z->b, AS_LITERAL("PK\6\7"));
        put_le(&z->b, 0, 4);
        put_le(&z->b, at + size, 8);
        put_le(&z->b, 1, 4);
    }
    as_buf_add(&z->b, AS_LITERAL("PK\5\6"));
    put_le(&z->b, 0, 4);
    put_le(&z->b, z->how.zip64 ? 0xffff : z->n, 2);
    put_le(&z->b, z->how.zip64 ? 0xffff : z->n, 2);
    put_le(&z->b, z->how.zip64 ? 0xffffffff : size, 4);
    put_le(&z->b, z->how.zip64 ? 0xffffffff : at, 4);
    put_le(&z->b, 0, 2);
    as_buf_done(&z->directory);
    return as_buf_bytes(&z->b);
}

static const uint8_t numbers[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

/* A model of that program and one storage, "0", of 16 bytes. */
static as_bytes model(zip *z, zip_how how, as_bytes program)
{
    *z = (zip){.how = how};
    zip_add(z, "m/data.pkl", program);
    zip_add(z, "m/byteorder", AS_LITERAL("little"));
    zip_add(z, "m/data/0", (as_bytes){numbers, 16});
    zip_add(z, "m/version", AS_LITERAL("3\n"));
    return zip_end(z);
}

/* --- programs ------------------------------------------------------------------------------ */

#define TEXT(length, text) "X" length "\0\0\0" text
#define STORAGE(type, count)                                                                       \
    "(" TEXT("\7", "storage") "ctorch\n" type "\n" TEXT("\1", "0") TEXT("\3", "cpu") "K" count "t" \
                                                                                     "Q"
#define REBUILD "ctorch._utils\n_rebuild_tensor_v2\n"
#define ORDERED "ccollections\nOrderedDict\n)R"
#define TENSOR(storage, offset, shape, strides)                                                    \
    REBUILD "(" storage offset shape strides "\x89" ORDERED "tR"
#define DICT(items) "\x80\x02}(" items "u."
#define X           TEXT("\1", "x")
#define FLOATS      STORAGE("FloatStorage", "\4")

/* The state dict of a module: an OrderedDict with _metadata, memo and all. */
static const char good[] = "\x80\x02" ORDERED "q\0(" TEXT("\6", "bert.x") "q\1" TENSOR(
    FLOATS "q\2", "K\1", "K\1K\3\x86", "K\3K\1\x86") TEXT("\1", "y")
    TENSOR("h\2", "K\0", "K\2K\2\x86", "K\2K\1\x86") "u}" TEXT("\x09", "_metadata") ORDERED "sb.";

#define BYTES(literal) ((as_bytes){(const uint8_t *)(literal), sizeof(literal) - 1})

static void a_state_dict_is_read(void **state)
{
    static const zip_how ways[] = {{0}, {.pad = true}, {.zip64 = true}};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(ways); i++) {
        as_weights *w = NULL;
        const as_weight *x, *y;
        as_err err = {0};
        zip z;

        if (as_weights_open_bytes(model(&z, ways[i], BYTES(good)), &w, &err))
            fail_msg("%s", err.msg);
        assert_string_equal(as_weights_format(w), "torch");
        x = find(w, "x");
        y = find(w, "y");
        assert_true(x->tensor.dtype == AS_F32 && x->tensor.rank == 2 && !x->transposed);
        assert_true(x->tensor.shape[0] == 1 && x->tensor.shape[1] == 3 && x->tensor.size == 12);
        assert_memory_equal(x->tensor.data, numbers + 4, 12);
        assert_ptr_equal(x->tensor.data, y->tensor.data + 4); /* one storage */
        as_weights_close(w);
        as_buf_done(&z.b);
    }
}

static void truncations_are_refused_and_memory_may_fail(void **state)
{
    zip z;

    (void)state;
    all_truncations_are_refused(model(&z, (zip_how){0}, BYTES(good)));
    each_allocation_may_fail(as_buf_bytes(&z.b));
    as_buf_done(&z.b);
    for (size_t n = 0; n < sizeof(good) - 1; n++) {
        refused(model(&z, (zip_how){0}, (as_bytes){(const uint8_t *)good, n}), AS_INVALID,
                "pickle");
        as_buf_done(&z.b);
    }
}

#define BAD(program, code, word)                                                                   \
    {                                                                                              \
        program, sizeof(program) - 1, code, word                                                   \
    }

static const struct {
    const char *program;
    size_t n;
    as_code code;
    const char *word;
} bad[] = {
    BAD("\x80\x02"
        "cos\nsystem\n" TEXT("\2", "id") "\x85R.",
        AS_UNKNOWN, "'os.system' at byte 2"),
    BAD("\x80\x02"
        "cbuiltins\neval\n.",
        AS_UNKNOWN, "'builtins.eval'"),
    BAD("\x80\x02"
        "ctorch\nOrderedDict\n.",
        AS_UNKNOWN, "'torch.OrderedDict'"),
    BAD("\x80\x02i", AS_UNKNOWN, "opcode 0x69"),
    BAD("\x80\x02\x93", AS_UNKNOWN, "opcode 0x93"),
    BAD("\x80\x04}.", AS_UNKNOWN, "protocol"),
    BAD("\x80\x02}", AS_INVALID, "cut short"),
    BAD("\x80\x02.", AS_INVALID, "one value"),
    BAD("\x80\x02}}.", AS_INVALID, "one value"),
    BAD("\x80\x02}.}", AS_INVALID, "one value"),
    BAD("\x80\x02(.", AS_INVALID, "one value"),
    BAD("\x80\x02}.", AS_INVALID, "no tensor"),
    BAD("\x80\x02K\1.", AS_UNKNOWN, "no state dict"),
    BAD("\x80\x02h\0.", AS_INVALID, "memo"),
    BAD("\x80\x02}q\1.", AS_INVALID, "memo number is left out"),
    BAD("\x80\x02}r\xff\xff\xff\xff.", AS_INVALID, "memo number is left out"),
    BAD("\x80\x02j\xff\xff\xff\xff.", AS_INVALID, "memo"),
    BAD("\x80\x02q\0.", AS_INVALID, "too few"),
    BAD("\x80\x02u.", AS_INVALID, "too few"),
    BAD("\x80\x02}(K\1u.", AS_INVALID, "too few"),
    BAD("\x80\x02s.", AS_INVALID, "too few"),
    BAD("\x80\x02(K\1K\2s.", AS_INVALID, "no dict"),
    BAD("\x80\x02t.", AS_INVALID, "too few"),
    BAD("\x80\x02(\x85.", AS_INVALID, "too few"),
    BAD("\x80\x02\x87.", AS_INVALID, "too few"),
    BAD("\x80\x02R.", AS_INVALID, "too few"),
    BAD("\x80\x02}b.", AS_INVALID, "too few"),
    BAD("\x80\x02}K\1b.", AS_UNKNOWN, "attributes"),
    BAD("\x80\x02Q.", AS_INVALID, "too few"),
    BAD("\x80\x02K\1Q.", AS_INVALID, "no storage"),
    BAD("\x80\x02}}R.", AS_INVALID, "not called so"),
    BAD("\x80\x02"
        "ccollections\nOrderedDict\nK\1\x85R.",
        AS_INVALID, "not called so"),
    BAD("\x80\x02" REBUILD ")R.", AS_INVALID, "something else"),
    BAD("\x80\x02X\xff\xff\xff\xff.", AS_INVALID, "cut short"),
    BAD("\x80\x02\x8a\x09"
        "123456789.",
        AS_INVALID, "more than 8 bytes"),
    BAD(DICT(X "K\1"), AS_UNKNOWN, "'x' is no tensor"),
    BAD(DICT("K\1" TENSOR(FLOATS, "K\0", "K\4\x85", "K\1\x85")), AS_INVALID, "without a name"),
    BAD(DICT(X TENSOR(STORAGE("FloatStorage", "\5"), "K\0", "K\4\x85", "K\1\x85")), AS_INVALID,
        "storage of another size"),
    BAD(DICT(X TENSOR(STORAGE("HalfStorage", "\4"), "K\0", "K\4\x85", "K\1\x85")), AS_INVALID,
        "storage of another size"),
    BAD(DICT(X "(" TEXT("\7", "storage") "ctorch\nFloatStorage\n" TEXT("\1", "7")
                 TEXT("\3", "cpu") "K\4tQ"),
        AS_INVALID, "not in the file"),
    BAD(DICT(X "(" TEXT("\7", "storage") "ctorch\nFloatStorage\n" TEXT("\x0a", "../version")
                 TEXT("\3", "cpu") "K\4tQ"),
        AS_INVALID, "not in the file"),
    BAD(DICT(X "(" TEXT("\7", "storage") REBUILD TEXT("\1", "0") TEXT("\3", "cpu") "K\4tQ"),
        AS_INVALID, "no storage"),
    BAD(DICT(X TENSOR(FLOATS, "K\1", "K\4\x85", "K\1\x85")), AS_INVALID, "behind its storage"),
    BAD(DICT(X TENSOR(FLOATS, "J\xff\xff\xff\xff", "K\4\x85", "K\1\x85")), AS_INVALID,
        "something else"),
    BAD(DICT(X TENSOR(FLOATS, "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f", "K\4\x85", "K\1\x85")),
        AS_INVALID, "behind its storage"),
    BAD(DICT(X TENSOR(FLOATS, "K\0", "J\xff\xff\xff\xff\x85", "K\1\x85")), AS_INVALID,
        "something else"),
    BAD(DICT(X TENSOR(FLOATS, "K\0",
                      "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f"
                      "K\4\x86",
                      "K\4K\1\x86")),
        AS_INVALID, "too large"),
    BAD(DICT(X TENSOR(FLOATS, "K\0", "K\2K\2\x86", "K\1K\2\x86")), AS_UNKNOWN,
        "not in their order"),
    BAD(DICT(X TENSOR(FLOATS, "K\0", "K\2K\2\x86", "K\1\x85")), AS_INVALID, "something else"),
    BAD(DICT(X TENSOR(FLOATS, "K\0", "K\4\x85", "K\1\x85")
                 X TENSOR(FLOATS, "K\0", "K\4\x85", "K\1\x85")),
        AS_INVALID, "two tensors are 'x'"),
};

static void what_no_state_dict_needs_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < AS_COUNT(bad); i++) {
        zip z;

        refused(model(&z, (zip_how){0}, (as_bytes){(const uint8_t *)bad[i].program, bad[i].n}),
                bad[i].code, bad[i].word);
        as_buf_done(&z.b);
    }
}

static void a_dict_in_itself_ends(void **state)
{
    zip z;

    (void)state;
    refused(model(&z, (zip_how){0}, BYTES("\x80\x02}q\0(" X "h\0u.")), AS_UNKNOWN, "no tensor");
    as_buf_done(&z.b);
}

static void the_stack_has_a_bottom_and_a_top(void **state)
{
    as_buf program = {0};
    zip z;

    (void)state;
    as_buf_add(&program, AS_LITERAL("\x80\x02"));
    as_buf_fill(&program, '(', ((size_t)1 << 20) + 1);
    refused(model(&z, (zip_how){0}, as_buf_bytes(&program)), AS_LIMIT, "stack");
    as_buf_done(&z.b);
    as_buf_reset(&program);
    as_buf_fill(&program, ')', ((size_t)16 << 20) + 1);
    refused(model(&z, (zip_how){0}, as_buf_bytes(&program)), AS_LIMIT, "data.pkl has");
    as_buf_done(&z.b);
    as_buf_done(&program);
}

/* --- zips ---------------------------------------------------------------------------------- */

static const struct {
    zip_how how;
    as_code code;
    const char *word;
} bad_zips[] = {
    {{.method = 8}, AS_INVALID, "packed"},
    {{.flags = 1}, AS_INVALID, "encrypted"},
    {{.local_name = "m/other"}, AS_INVALID, "another name"},
    {{.size_more = 1}, AS_INVALID, "overlaps"},
    {{.size_more = 100000}, AS_INVALID, "behind the directory"},
    {{.size_more = 0x7fffffff}, AS_INVALID, "behind the directory"},
};

static void zips_that_lie_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < AS_COUNT(bad_zips); i++) {
        zip z;

        refused(model(&z, bad_zips[i].how, BYTES(good)), bad_zips[i].code, bad_zips[i].word);
        as_buf_done(&z.b);
    }
}

/* Entries of other names than a model has. */
static void refused_with(const char *const *names, size_t n, as_code code, const char *word)
{
    zip z = {0};

    for (size_t i = 0; i < n; i++)
        zip_add(&z, names[i], strstr(names[i], "order") ? AS_LITERAL("big") : BYTES(good));
    refused(zip_end(&z), code, word);
    as_buf_done(&z.b);
}

static void a_zip_must_be_a_model(void **state)
{
    static const char *const none[] = {"m/x"}, *const deep[] = {"m/n/data.pkl"},
                             *const two[] = {"m/data.pkl", "n/data.pkl"},
                             *const same[] = {"m/data.pkl", "m/data.pkl"},
                             *const big[] = {"m/data.pkl", "m/byteorder"};

    (void)state;
    refused_with(none, 1, AS_INVALID, "no data.pkl");
    refused_with(deep, 1, AS_INVALID, "no data.pkl");
    refused_with(two, 2, AS_INVALID, "two data.pkl");
    refused_with(same, 2, AS_INVALID, "two entries");
    refused_with(big, 2, AS_UNKNOWN, "little-endian");
}

/* Every byte of the directory and its end, changed in turn: refused, or the same tensors. */
static void a_changed_directory_harms_nothing(void **state)
{
    zip z;

    (void)state;
    for (int wide = 0; wide < 2; wide++) {
        as_bytes file = model(&z, (zip_how){.zip64 = wide}, BYTES(good));
        uint8_t *copy = malloc(file.n);

        assert_non_null(copy);
        for (size_t i = 0; i < file.n; i++) {
            for (unsigned k = 0; k < 3; k++) {
                memcpy(copy, file.p, file.n);
                copy[i] = (uint8_t)(k == 0 ? 0xff : k == 1 ? 0 : copy[i] ^ 1);
                (void)!open_exact((as_bytes){copy, file.n}, NULL);
            }
        }
        free(copy);
        as_buf_done(&z.b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_dict_is_read),
        cmocka_unit_test(truncations_are_refused_and_memory_may_fail),
        cmocka_unit_test(what_no_state_dict_needs_is_refused),
        cmocka_unit_test(a_dict_in_itself_ends),
        cmocka_unit_test(the_stack_has_a_bottom_and_a_top),
        cmocka_unit_test(zips_that_lie_are_refused),
        cmocka_unit_test(a_zip_must_be_a_model),
        cmocka_unit_test(a_changed_directory_harms_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
