#include "cli/cli_priv.h"

#include "base/jsonw.h"

#include "base/banned.h"

#define PAGE "docs/formats.md"

static const char *checked_text(const as_format *f)
{
    return f->seen ? "checked on real files" : "from documentation";
}

static void print_text(as_buf *out)
{
    const as_format *f;

    for (size_t i = 0; (f = as_format_get(i)) != NULL; i++)
        as_buf_printf(out,
                      "%s%s  %s\n    versions: %s\n    facts:    %s\n    basis:    %s\n"
                      "    page:     " PAGE "#%s\n",
                      i > 0 ? "\n" : "", f->id, f->name, f->versions, f->maps, checked_text(f),
                      f->id);
    as_buf_text(out, "\nAll of them plain or in gzip, zstd, xz or bzip2, loose, in folders, or in "
                     "zip, tar and 7z.\n");
}

static void print_json(as_buf *out)
{
    as_jsonw w = as_jsonw_to(out, 2);
    as_buf page = {0};
    const as_format *f;

    as_jsonw_object(&w);
    as_jsonw_key(&w, "schema");
    as_jsonw_text(&w, "assay/formats/1");
    as_jsonw_key(&w, "assay");
    as_jsonw_text(&w, AS_VERSION);
    as_jsonw_key(&w, "formats");
    as_jsonw_array(&w);
    for (size_t i = 0; (f = as_format_get(i)) != NULL; i++) {
        as_jsonw_object(&w);
        as_jsonw_key(&w, "id");
        as_jsonw_text(&w, f->id);
        as_jsonw_key(&w, "name");
        as_jsonw_text(&w, f->name);
        as_jsonw_key(&w, "versions");
        as_jsonw_text(&w, f->versions);
        as_jsonw_key(&w, "maps");
        as_jsonw_text(&w, f->maps);
        as_jsonw_key(&w, "seen");
        as_jsonw_bool(&w, f->seen);
        as_jsonw_key(&w, "page");
        as_buf_reset(&page);
        as_buf_printf(&page, PAGE "#%s", f->id);
        as_jsonw_str(&w, as_buf_bytes(&page));
        as_jsonw_end(&w);
    }
    as_jsonw_end(&w);
    as_jsonw_end(&w);
    as_buf_byte(out, '\n');
    out->failed |= page.failed;
    as_buf_done(&page);
}

static void print_markdown(as_buf *out)
{
    const as_format *f;

    as_buf_text(
        out,
        "# What assay reads\n\n"
        "This page is what `assay formats --markdown` prints; `make golden` writes it anew.\n\n"
        "The tool behind a report is recognised by what stands in it, never by its name. "
        "`--as ID` forces\na format. *Checked on real files* means that the reader's tests "
        "read reports of the tool itself;\n*from documentation* means that none were at hand, and "
        "the vendor's description was.\n");
    for (size_t i = 0; (f = as_format_get(i)) != NULL; i++)
        as_buf_printf(out,
                      "\n<a id=\"%s\"></a>\n\n## %s\n\n| | |\n| --- | --- |\n| id | `%s` |\n"
                      "| versions | %s |\n| becomes facts | %s |\n| basis | %s |\n",
                      f->id, f->name, f->id, f->versions, f->maps, checked_text(f));
    as_buf_text(
        out,
        "\n## Logs\n\n"
        "JSON lines, traces and event logs are read line by line (or record by record), in memory "
        "that\ndoes not grow with them. A line that cannot be read is named on standard error with "
        "its number\nand the reason, counted in the result, and passed over. An evidence is the "
        "line's number and\nits bytes; see [evidence.md](evidence.md).\n\n"
        "## Several reports of one sample\n\n"
        "`assay analyze` tells them together where the reports give one hash: SHA-256, else SHA-1, "
        "else\nMD5, never a name. What two tools both saw stands once, with an evidence of "
        "each.\n");
    as_buf_printf(
        out,
        "\n## Folders and archives\n\n"
        "A report may be plain or packed with gzip, zstd, xz or bzip2. A folder, and a zip, tar or "
        "7z\narchive, is walked: each file in it by its own reader, archives in archives too. "
        "What an archive\nis shows from its content. Nothing is unpacked to disk, so a member's "
        "name can lead nowhere.\n\n"
        "- **Passwords.** Encrypted zip (the old method and AES) is tried with `--password`, else "
        "`ASSAY_PASSWORDS`,\n  else the configuration's `passwords`, and then `infected`. "
        "Encrypted 7z cannot be read.\n"
        "- **Passed over**, counted in one note (`--verbose` lists them): files of no known "
        "format, hidden\n  files, `__MACOSX` and the like, links, devices.\n"
        "- **Limits.** %u files in one walk; archives %u deep, folders %u; out of one file at most "
        "%llu GiB,\n  and past 64 MiB at most %u times its size; a zip or 7z inside another "
        "archive, or on standard\n  input, at most %zu MiB; the list of members of a zip at most "
        "%llu MiB.\n",
        AS_INPUTS_ENTRIES, AS_INPUTS_NESTED, AS_INPUTS_FOLDERS,
        (unsigned long long)(AS_INPUTS_UNPACKED >> 30), AS_INPUTS_RATIO, AS_INPUTS_HELD >> 20,
        (unsigned long long)(AS_INPUTS_LIST >> 20));
}

int as_cmd_formats(const as_args *args)
{
    as_buf out = {0};

    if (as_args_has(args, AS_OPT_JSON) && as_args_has(args, AS_OPT_MARKDOWN)) {
        as_err err = {0};

        (void)as_fail(&err, AS_USAGE, AS_NO_OFFSET,
                      "'--json' and '--markdown' contradict each other; "
                      "try 'assay help formats'");
        return as_say_error(&err);
    }
    if (as_args_has(args, AS_OPT_JSON))
        print_json(&out);
    else if (as_args_has(args, AS_OPT_MARKDOWN))
        print_markdown(&out);
    else
        print_text(&out);
    return as_out_print(&out);
}
