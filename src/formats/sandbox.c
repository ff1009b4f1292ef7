#include "formats/formats_priv.h"

#include "base/banned.h"

/* clang-format off */

/*
 * CAPE 2.x and Cuckoo 2.x, and the sandboxes that descend from them. CAPE grew out of
 * Cuckoo, and reports in between borrow keys from both, so one set of shapes reads
 * all of them: sandbox_file.c, sandbox_behavior.c, sandbox_network.c, and the rest
 * here. What a row maps has been seen in real reports or stands in the tools' own
 * reporting modules.
 */

LOCAL_SHAPE(leaves, OTHER_LEAVES(DETAIL));
SHAPE(detail, OTHER_LEAVES(DETAIL));

/* --- the run ------------------------------------------------------------------------------ */

LOCAL_SHAPE(machine,
    ATTR("", MACHINE),
    ATTR("name", MACHINE),
    ATTR("label", MACHINE_LABEL),
    ATTR("manager", MACHINE_MANAGER),
    ATTR("started_on", MACHINE_STARTED),
    ATTR("shutdown_on", MACHINE_ENDED),
    ATTR("status", MACHINE_STATUS),
    ATTR("platform", PLATFORM),
    OTHER_LEAVES(DETAIL));

/* An object in CAPE, one text in Cuckoo. */
static const as_row options_rows[] = {
    { ROW_KEY(""), .act = AS_ACT_LEAVES, .what = AS_KIND_OPTION },
    OTHER_LEAVES(OPTION),
};
static const as_shape as_shape_options = { options_rows, AS_COUNT(options_rows) };

LOCAL_SHAPE(info,
    ATTR("id", ID),
    ATTR("version", VERSION),
    ATTR("added", ADDED),
    ATTR("started", STARTED),
    ATTR("ended", ENDED),
    ATTR("duration", DURATION),
    ATTR("package", PACKAGE),
    ATTR("category", CATEGORY),
    ATTR("platform", PLATFORM),
    ATTR("score", SCORE),
    ATTR("timeout", TIMEOUT),
    ATTR("route", ROUTE),
    ATTR("tlp", TLP),
    ATTR("status", STATUS),
    ATTR("source_url", URL),
    INTO("machine", machine),
    INTO("options", options),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(message, ATTR("", TEXT), OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(debug,
    FACT("errors", TOOL_ERROR, message),
    FACT("log", TOOL_LOG, message),
    FACT("cuckoo", TOOL_LOG, message),
    OTHER_LEAVES(DETAIL));

/* Seconds that each module of the sandbox took. */
LOCAL_SHAPE(tool_module, ATTR("name", NAME), ATTR("time", DURATION), OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(statistics, OTHER_FACT(CATEGORY, TOOL_MODULE, tool_module));

LOCAL_SHAPE(screenshot,
    ATTR("", NAME),
    ATTR("name", NAME),
    ATTR("path", HOST_PATH),
    ATTR("ocr", TEXT),
    OTHER_LEAVES(DETAIL));

/* --- the sample --------------------------------------------------------------------------- */

LOCAL_SHAPE(sample_url, ATTR("", URL));
LOCAL_SHAPE(target,
    FACT("file", SAMPLE, file),
    FACT("url", SAMPLE, sample_url),
    FACT("run_files", EXTRACTED, file),
    FACT("sub_files", EXTRACTED, file),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(string_of, ATTR("", VALUE));
LOCAL_SHAPE(strings, ATTR("", VALUE), OTHER_FACT(SOURCE, STRING, string_of));

/* --- detections --------------------------------------------------------------------------- */

LOCAL_SHAPE(score, ATTR("", SCORE));

LOCAL_SHAPE(family_basis, OTHER_LEAVES(MARK));
LOCAL_SHAPE(family,
    ATTR("", FAMILY),
    ATTR("family", FAMILY),
    INTO("details", family_basis),
    OTHER_LEAVES(MARK));
LOCAL_SHAPE(families_by_pid, OTHER_FACT(PID, FAMILY, family));

LOCAL_SHAPE(marked_call,
    ATTR("api", API),
    ATTR("category", CATEGORY),
    ATTR("time", TIME),
    ATTR("tid", TID),
    ATTR("status", STATUS),
    ATTR("return_value", RESULT),
    OTHER_LEAVES(MARK));

/* CAPE's `data`: a pointer to a call, or one free key and value. Cuckoo's `marks`: a whole
 * call, an indicator, a generic value, an HTTP request. */
LOCAL_SHAPE(mark,
    ATTR("", VALUE),
    ATTR("type", TYPE),
    ATTR("pid", PID),
    ATTR("cid", CALL_ID),
    INTO("call", marked_call),
    ATTR("ioc", VALUE),
    ATTR("value", VALUE),
    ATTR("option", NAME),
    ATTR("category", CATEGORY),
    ATTR("description", DESCRIPTION),
    ATTR("host", HOSTNAME),
    ATTR("uri", URI),
    ATTR("method", METHOD),
    ATTR("protocol", PROTOCOL),
    ATTR("request", REQUEST),
    ATTR("suspicious_request", VALUE),
    ATTR("suspicious_features", DESCRIPTION),
    OTHER_LEAVES(MARK));

LOCAL_SHAPE(technique_info,
    ATTR("ID", TECHNIQUE),
    ATTR("title", NAME),
    ATTR("name", NAME),
    ATTR("Tactic", TACTIC),
    ATTR("description", DESCRIPTION),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(signature,
    ATTR("name", NAME),
    ATTR("description", DESCRIPTION),
    ATTR("severity", SEVERITY),
    ATTR("weight", WEIGHT),
    ATTR("confidence", CONFIDENCE),
    ATTR("references", REFERENCE),
    ATTR("families", FAMILY),
    ATTR("categories", CATEGORY),
    ATTR("alert", ALERT),
    ATTR("markcount", MARK_COUNT),
    ATTR("sig_class", CLASS),
    ATTR("gray", LEVEL),
    ATTR("attck_id", TECHNIQUE),
    ATTR("ttp", TECHNIQUE),
    FACT("attck_info", TECHNIQUE, technique_info),
    FACT("data", MARK, mark),
    FACT("new_data", MARK, mark),
    FACT("marks", MARK, mark),
    OTHER_LEAVES(MARK));

/* {"T1116":"signature"}, [{ttp,signature}] or [{signature,ttps[]}]. */
LOCAL_SHAPE(ttp_by, ATTR("", SIGNATURE));
LOCAL_SHAPE(ttp,
    ATTR("", TECHNIQUE),
    ATTR("ttp", TECHNIQUE),
    ATTR("ttps", TECHNIQUE),
    ATTR("signature", SIGNATURE),
    ATTR("mbcs", TAG),
    OTHER_FACT(TECHNIQUE, TECHNIQUE, ttp_by));

LOCAL_SHAPE(mitre_entry,
    ATTR("t_id", TECHNIQUE),
    ATTR("ttp_name", NAME),
    ATTR("description", DESCRIPTION),
    ATTR("signature", SIGNATURE),
    OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(mitre, OTHER_FACT(TACTIC, TECHNIQUE, mitre_entry));

LOCAL_SHAPE(sigma_rule,
    ATTR("title", TITLE),
    ATTR("id", ID),
    ATTR("level", LEVEL),
    ATTR("status", STATUS),
    ATTR("description", DESCRIPTION),
    ATTR("author", AUTHOR),
    ATTR("tags", TAG),
    ATTR("references", REFERENCE),
    OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(sigma,
    ATTR("rule_source", SOURCE),
    FACT("result", SIGMA, sigma_rule),
    OTHER_LEAVES(DETAIL));

/* --- memory, configuration, scripts --------------------------------------------------------- */

LOCAL_SHAPE(config_of_family, OTHER_LEAVES(CONFIG));
LOCAL_SHAPE(config,
    LEAVES("associated_config_hashes", CONFIG),
    LEAVES("associated_analysis_hashes", CONFIG),
    OTHER_INTO(FAMILY, config_of_family));
LOCAL_SHAPE(cape,
    FACT("payloads", PAYLOAD, file),
    INTO("configs", config),
    OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(tsmam,
    FACT("payloads", PAYLOAD, file),
    INTO("malconfigs", config),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(memory_region,
    ATTR("addr", ADDRESS),
    ATTR("start", ADDRESS),
    ATTR("size", RAW_SIZE),
    ATTR("type", TYPE),
    ATTR("offset", OFFSET),
    OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(memory_dump,
    ATTR("pid", PID),
    ATTR("name", NAME),
    ATTR("path", HOST_PATH),
    ATTR("file", HOST_PATH),
    FACT("yara", YARA, yara),
    FACT("cape_yara", YARA, yara),
    FACT("regions", MEMORY_REGION, memory_region),
    FACT("address_space", MEMORY_REGION, memory_region),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(script, ATTR("original", TEXT), ATTR("altered", CONTENT), OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(scripts, OTHER_FACT(ID, SCRIPT, script));
LOCAL_SHAPE(behaviour_name, ATTR("", NAME));
/* CAPE's deobfuscated PowerShell, by process. */
LOCAL_SHAPE(curtain_process,
    LEAVES("pid", DETAIL),
    INTO("events", scripts),
    FACT("behaviors", SCRIPT_BEHAVIOUR, behaviour_name),
    OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(curtain, OTHER_INTO(PID, curtain_process));

LOCAL_SHAPE(extracted,
    ATTR("category", CATEGORY),
    ATTR("program", PROGRAM),
    ATTR("pid", PID),
    ATTR("first_seen", FIRST_SEEN),
    ATTR("script", HOST_PATH),
    ATTR("raw", HOST_PATH),
    FACT("yara", YARA, yara),
    OTHER_LEAVES(DETAIL));

/* --- the root --------------------------------------------------------------------------------- */

SHAPE(sandbox,
    FACT("info", ANALYSIS, info),
    INTO("target", target),
    INTO("behavior", behavior),
    INTO("network", network),
    INTO("suricata", suricata),
    FACT("signatures", SIGNATURE, signature),
    FACT("signatures_gray", SIGNATURE, signature),
    FACT("ttps", TECHNIQUE, ttp),
    INTO("mitre_attck", mitre),
    FACT("sigma", SIGMA_SOURCE, sigma),
    FACT("detections", FAMILY, family),
    INTO("detections2pid", families_by_pid),
    LEAVES("malfamily_tag", DETAIL), /* "Yara" has been seen here: no family name */
    FACT("malscore", SCORE, score),
    FACT("virustotal", ANTIVIRUS_SUMMARY, antivirus_summary),
    FACT("static", PE, static),
    FACT("strings", STRING, strings),
    FACT("dropped", DROPPED, file),
    FACT("procdump", PROCESS_DUMP, file),
    FACT("procmemory", MEMORY_DUMP, memory_dump),
    INTO("CAPE", cape),
    INTO("tsmam", tsmam),
    INTO("curtain", curtain),
    FACT("extracted", EXTRACTED, extracted),
    FACT("screenshots", SCREENSHOT, screenshot),
    FACT("shots", SCREENSHOT, screenshot),
    FACT("deduplicated_shots", SCREENSHOT, screenshot),
    INTO("debug", debug),
    INTO("statistics", statistics),
    INTO("metadata", leaves),
    INTO("local_conf", leaves),
    LEAVES("sysmon", DETAIL),
    LEAVES("url_analysis", DETAIL),
    LEAVES("tags", DETAIL));
