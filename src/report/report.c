#include "report/report_priv.h"

#include "base/banned.h"

as_code as_report_write(as_report_format format, const as_doc *const *docs, size_t n,
                        const as_report_options *options, as_buf *out, as_err *err)
{
    static const as_report_options defaults = {0};
    as_report_job job = {docs, n, options ? options : &defaults, out, err};
    size_t before = out->n;
    as_code rc = AS_OK;

    switch (format) {
    case AS_REPORT_TEXT:
        rc = as_report_text(&job);
        break;
    case AS_REPORT_MD:
        rc = as_report_md(&job);
        break;
    case AS_REPORT_HTML:
        rc = as_report_html(&job);
        break;
    case AS_REPORT_JSON:
        rc = as_report_json(&job);
        break;
    }
    if (!rc && out->failed)
        rc = as_fail_nomem(err, "the report");
    /* Half a report must not pass for a whole one. */
    if (rc)
        out->n = before;
    return rc;
}
