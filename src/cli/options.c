#include "cli/options.h"
#include "cli/cli_priv.h"

#include <string.h>

#include "base/banned.h"

#define FOR(id)     (1u << AS_COMMAND_##id)
#define FOR_TELLERS (FOR(ANALYZE) | FOR(SHOW))
#define FOR_WRITERS (FOR(ANALYZE) | FOR(FACTS) | FOR(CALLS))
#define FOR_READERS (FOR_WRITERS | FOR(ADD))
#define FOR_INPUTS  (FOR_READERS | FOR(EVIDENCE))
#define FOR_STORE                                                                                  \
    (FOR(ADD) | FOR(SAMPLES) | FOR(SHOW) | FOR(RM) | FOR(EVIDENCE) | FOR(ASK) | FOR(SEARCH) |      \
     FOR(EXPORT) | FOR(IMPORT) | FOR(CHECK) | FOR(STATS) | FOR(EMBED) | FOR(MODEL))
#define FOR_ENCODER (FOR(SEARCH) | FOR(ASK) | FOR(EMBED) | FOR(EVAL))
#define FOR_ALL     ((1u << AS_COMMAND_COUNT) - 1)

_Static_assert(AS_COMMAND_COUNT < 32, "a command is a bit of as_option.commands");

static const as_option options[AS_OPT_COUNT] = {
    [AS_OPT_LANG] = {"lang", 0, AS_TAKES_CHOICE, "LANG", "zh en",
                     FOR_TELLERS | FOR(ASK) | FOR(SEARCH),
                     "language of the text, zh or en (default: the locale's; of an answer: the "
                     "question's; of 'search': both are searched)"},
    [AS_OPT_FORMAT] = {"format", 'f', AS_TAKES_CHOICE, "FORMAT", "text md html json", FOR_TELLERS,
                       "text, md, html or json (default: text)"},
    [AS_OPT_JSON] = {"json", 0, AS_TAKES_NOTHING, NULL, NULL,
                     FOR_TELLERS | FOR(EVIDENCE) | FOR(ADD) | FOR(SAMPLES) | FOR(FORMATS) |
                         FOR(DOCTOR) | FOR(ASK) | FOR(SEARCH) | FOR(CHECK) | FOR(STATS) |
                         FOR(EVAL) | FOR(MODEL),
                     "print JSON: one document, of 'add' one a line"},
    [AS_OPT_FULL] = {"full", 0, AS_TAKES_NOTHING, NULL, NULL, FOR_TELLERS,
                     "list every value that a sentence folds, none of them cut"},
    [AS_OPT_COVERAGE] = {"coverage", 0, AS_TAKES_NOTHING, NULL, NULL, FOR_TELLERS,
                         "list what stands in the report and was not mapped"},
    [AS_OPT_WIDTH] = {"width", 0, AS_TAKES_NUMBER, "COLUMNS", NULL, FOR_TELLERS,
                      "columns of text, 20 to 1000; 0 does not wrap (default: the terminal's)"},
    [AS_OPT_COLOR] = {"color", 0, AS_TAKES_CHOICE, "WHEN", "auto always never",
                      FOR_TELLERS | FOR(SEARCH),
                      "colour the text: auto (default), always or never"},
    [AS_OPT_IN] = {"in", 'i', AS_TAKES_FILE, "REPORT", NULL, FOR(EVIDENCE),
                   "the report, or the folder or archive, that the evidence is in (default: the "
                   "store)"},
    [AS_OPT_RAW] = {"raw", 0, AS_TAKES_NOTHING, NULL, NULL, FOR(EVIDENCE),
                    "print the bytes alone, exactly as they stand in the report"},
    [AS_OPT_AS] = {"as", 0, AS_TAKES_FORMAT, "FORMAT", NULL, FOR_READERS,
                   "read every report as FORMAT, an id that 'assay formats' lists"},
    [AS_OPT_PASSWORD] = {"password", 'p', AS_TAKES_TEXTS, "PASSWORD", NULL, FOR_INPUTS,
                         "try PASSWORD on encrypted archives, before 'infected'; may be repeated"},
    [AS_OPT_MARKDOWN] = {"markdown", 0, AS_TAKES_NOTHING, NULL, NULL, FOR(FORMATS),
                         "print the page docs/formats.md"},
    [AS_OPT_STORE] = {"store", 0, AS_TAKES_FILE, "DIR", NULL, FOR_STORE | FOR(EVAL),
                      "the store's folder (default: ASSAY_HOME, else in XDG_DATA_HOME; of 'eval': "
                      "a temporary one)"},
    [AS_OPT_SINCE] = {"since", 0, AS_TAKES_TEXT, "WHEN", NULL, FOR(SAMPLES) | FOR(SEARCH),
                      "only what was added since then: 2026-03-01, '2026-03-01 12:00' (UTC) or 7d"},
    [AS_OPT_SAMPLE] = {"sample", 's', AS_TAKES_TEXT, "SAMPLE", NULL, FOR(ASK) | FOR(SEARCH),
                       "the sample that is meant: a hash, the beginning of one, a name or '#id'"},
    [AS_OPT_TRACE] = {"trace", 0, AS_TAKES_NOTHING, NULL, NULL, FOR(ASK) | FOR(SEARCH),
                      "say how it was understood and what was done"},
    [AS_OPT_TOOL] = {"tool", 0, AS_TAKES_TEXT, "TOOL", NULL, FOR(SEARCH),
                     "only what this tool saw, such as CAPE"},
    [AS_OPT_SECTION] = {"section", 0, AS_TAKES_CHOICE, "SECTION",
                        "identity detections processes files registry network persistence system "
                        "memory configuration static run",
                        FOR(SEARCH), "only passages of this section of a description"},
    [AS_OPT_LIMIT] = {"limit", 'n', AS_TAKES_NUMBER, "N", NULL, FOR(SAMPLES) | FOR(SEARCH),
                      "at most N of them (of 'search': 8)"},
    [AS_OPT_ENCODER] = {"encoder", 0, AS_TAKES_FILE, "MODEL", NULL, FOR_ENCODER,
                        "the text encoder: a folder, or one of the store's models (default: "
                        "encoder.model of the configuration)"},
    [AS_OPT_POOLING] = {"pooling", 0, AS_TAKES_CHOICE, "POOLING", "cls mean", FOR(EMBED),
                        "how a text's tokens become its vector (default: as the model says)"},
    [AS_OPT_PRECISION] = {"precision", 0, AS_TAKES_CHOICE, "TYPE", "f32 bf16 bf16x3", FOR_ENCODER,
                          "what the encoder computes in (default: f32): bf16 is fastest, bf16x3 as "
                          "exact as f32 and faster where the processor has AMX; vectors of each "
                          "are kept apart"},
    [AS_OPT_THREADS] = {"threads", 0, AS_TAKES_NUMBER, "N", NULL, FOR_ENCODER,
                        "threads of the encoder (default: one for each processor)"},
    [AS_OPT_KIND] = {"kind", 0, AS_TAKES_CHOICE, "KIND", "plain query passage", FOR(EMBED),
                     "what the texts are, for a model that wants to be told (default: plain)"},
    [AS_OPT_TOKENS] = {"tokens", 0, AS_TAKES_NOTHING, NULL, NULL, FOR(EMBED),
                       "one vector for each token instead of one for the text"},
    [AS_OPT_NPY] = {"npy", 0, AS_TAKES_NOTHING, NULL, NULL, FOR(EMBED),
                    "write a NumPy file of 32-bit floats instead of JSON lines"},
    [AS_OPT_FILL] = {"fill", 0, AS_TAKES_NOTHING, NULL, NULL, FOR(EMBED),
                     "give a vector to every passage of the store that has none"},
    [AS_OPT_JOBS] = {"jobs", 'j', AS_TAKES_NUMBER, "N", NULL, FOR(ADD),
                     "threads that unpack, hash and pack files ahead, and one that adds (default: "
                     "the processors, at most 4; 1: one thread does all)"},
    [AS_OPT_REPAIR] = {"repair", 0, AS_TAKES_NOTHING, NULL, NULL, FOR(CHECK),
                       "mend what is found, as far as what is kept allows"},
    [AS_OPT_DEEP] = {"deep", 0, AS_TAKES_NOTHING, NULL, NULL, FOR(CHECK),
                     "unpack every report that is kept, and compare its hash"},
    [AS_OPT_DATA] = {"data", 0, AS_TAKES_FILE, "DIR", NULL, FOR(EVAL),
                     "the folder whose folder 'reports' has the reports (default: ASSAY_DATA)"},
    [AS_OPT_SPLIT] = {"split", 0, AS_TAKES_CHOICE, "HALF", "dev test", FOR(EVAL),
                      "only the questions of this half: dev or test"},
    [AS_OPT_ONLY] = {"only", 0, AS_TAKES_TEXT, "PREFIX", NULL, FOR(EVAL),
                     "only the questions whose id begins so"},
    [AS_OPT_NO_VARIANTS] = {"no-variants", 0, AS_TAKES_NOTHING, NULL, NULL, FOR(EVAL),
                            "ask each question in its own words alone"},
    [AS_OPT_FAIL_UNDER] = {"fail-under", 0, AS_TAKES_NUMBER, "PERCENT", NULL, FOR(EVAL),
                           "exit status 1 if less than PERCENT of what was asked is right"},
    [AS_OPT_NAME] = {"name", 0, AS_TAKES_TEXT, "NAME", NULL, FOR(MODEL),
                     "what the new model is called here (default: what it is called there)"},
    [AS_OPT_CORPUS] = {"corpus", 0, AS_TAKES_CHOICE, "NAME", "cranfield", FOR(EVAL),
                       "of 'retrieval': a public collection of texts in place of FILE: cranfield"},
    [AS_OPT_WEIGHTS] = {"weights", 0, AS_TAKES_TEXT, "LIST", NULL, FOR(EVAL),
                        "of 'retrieval': weights of the fusion, such as exact=3,bm25=1,child=0.7"},
    [AS_OPT_OUTPUT] = {"output", 'o', AS_TAKES_FILE, "FILE", NULL,
                       FOR_WRITERS | FOR(SHOW) | FOR(EMBED),
                       "write to FILE, which appears only when it is complete"},
    [AS_OPT_QUIET] = {"quiet", 'q', AS_TAKES_NOTHING, NULL, NULL,
                      FOR_READERS | FOR(EVIDENCE) | FOR(SHOW) | FOR(EXPORT) | FOR(IMPORT) |
                          FOR(MODEL),
                      "show no progress on standard error"},
    [AS_OPT_VERBOSE] = {"verbose", 'v', AS_TAKES_NOTHING, NULL, NULL, FOR_READERS,
                        "list on standard error what a folder or archive holds and is not read"},
    [AS_OPT_HELP] = {"help", 'h', AS_TAKES_NOTHING, NULL, NULL, FOR_ALL, "show this help"},
    [AS_OPT_VERSION] = {"version", 'V', AS_TAKES_NOTHING, NULL, NULL, FOR(PROGRAM),
                        "show the version"},
};

#define SAMPLE_TEXT                                                                                \
    "A SAMPLE is named by a hash of it (MD5, SHA-1, SHA-256, or six of its first digits and "      \
    "more), by its file name, or by its id in the store, such as '#12'. Where a name means "       \
    "several samples they are listed, and nothing is done."

#define REPORT_TEXT                                                                                \
    "A REPORT is the output of an analysis tool that 'assay formats' lists, plain or packed "      \
    "with gzip, zstd, xz or bzip2; the tool is recognised by what stands in it, not by its "       \
    "name. - is standard input. Each report is read on its own: one that is damaged or of an "     \
    "unknown tool costs one line on standard error, nothing of it is printed, and the others "     \
    "are still done. The exit status is then that of the worst.\n\n"                               \
    "A REPORT may also be a folder or an archive (zip, tar or 7z): every report below it is "      \
    "read, also those in archives in it. What is of no known format there is no error; a note "    \
    "counts it, and --verbose lists it. Hidden files, links, devices and __MACOSX are passed "     \
    "over. The passwords tried on an encrypted zip are those of --password, else those of "        \
    "ASSAY_PASSWORDS, else those of the configuration, and always 'infected' after them. "         \
    "The configuration is assay/config.ini in XDG_CONFIG_HOME (default: ~/.config); a line "       \
    "'passwords = one, two' in it holds the passwords, separated by commas."

static const as_command commands[AS_COMMAND_COUNT] = {
    [AS_COMMAND_PROGRAM] =
        {"assay",
         "COMMAND",
         AS_TAKES_COMMAND,
         NULL,
         0,
         -1,
         "tell what a malware-analysis report says, with evidence",
         "assay reads the reports of malware-analysis tools, turns them into facts that each "
         "point at the bytes they came from, and tells them in plain Chinese or English. It "
         "works offline, and trusts nothing that stands in a report.",
         {{"assay analyze report.json", "describe a report"},
          {"assay analyze --lang zh --format html -o report.html report.json.gz",
           "the same as a page, in Chinese"},
          {"assay add reports/", "keep many reports in the store"}},
         NULL},
    [AS_COMMAND_ANALYZE] =
        {"analyze",
         "REPORT...",
         AS_TAKES_FILE,
         NULL,
         1,
         -1,
         "describe reports in plain language, with the evidence",
         REPORT_TEXT
         "\n\nText and Markdown come one report after the other; HTML and JSON are one document "
         "of all that could be read. --json is short for --format json. Long lists are folded "
         "into a few examples and a count; --full lists them all. What 'assay evidence' is "
         "given to show the bytes behind a sentence is the id that stands with it in every "
         "format.",
         {{"assay analyze report.json", "describe a report on the terminal"},
          {"assay analyze --lang zh --full report.json.gz", "in Chinese, with nothing folded"},
          {"assay analyze --format html -o all.html reports/ more.zip", "one page of many reports"},
          {"assay analyze --json report.json | jq '.analyses[].sections[].name'",
           "the document for programs"}},
         as_cmd_analyze},
    [AS_COMMAND_FACTS] =
        {"facts",
         "REPORT...",
         AS_TAKES_FILE,
         NULL,
         1,
         -1,
         "print the facts of reports as JSON, one a line",
         REPORT_TEXT
         "\n\nA line holds the kind of the fact, its attributes as the report has them, and its "
         "evidence: id, JSON Pointer and byte range of the unpacked report. API calls are not "
         "among the facts; see 'assay calls'.",
         {{"assay facts report.json | jq -c 'select(.kind == \"mutex\")'",
           "the mutexes of a report"}},
         as_cmd_facts},
    [AS_COMMAND_CALLS] =
        {"calls",
         "REPORT...",
         AS_TAKES_FILE,
         NULL,
         1,
         -1,
         "print the API calls of reports as JSON, one a line",
         REPORT_TEXT
         "\n\nA line holds one call: process, place in the trace of its process, name, "
         "category, time, thread, caller, arguments, return value, how often it was repeated, "
         "and its evidence. What the report does not say is null. Until the report is read to "
         "its end the calls wait in an unnamed file in the temporary folder.",
         {{"assay calls report.json | jq -r '[.process.pid, .api] | @tsv'",
           "process and name of each call"}},
         as_cmd_calls},
    [AS_COMMAND_EVIDENCE] =
        {"evidence",
         "ID",
         AS_TAKES_TEXT,
         NULL,
         1,
         1,
         "print the bytes of a report that an evidence id stands for",
         "Without --in the report is one that was added to the store. "
         "An id such as 3391c4e3bafe761a-4f3a21-2c names a report by the beginning of its "
         "SHA-256, and in it a byte range, which is exactly one JSON value, or one record, "
         "element or line where the report is no JSON. The short form 4f3a21-2c leaves out which "
         "report it is, needs --in, and is then not checked. Offsets count the "
         "unpacked bytes. In a folder or an archive, the report is found by its SHA-256, and the "
         "whole id is needed.\n\n"
         "Five lines come first: the id, the file, the JSON Pointer of the value (behind # and the "
         "number of the record, where there are many), its byte range and an empty line; then the "
         "bytes and a line break. On a terminal control characters, "
         "bidirectional overrides and ill-formed bytes are shown as escapes; elsewhere the "
         "bytes are exact. --raw prints nothing but the bytes. --json prints one document that "
         "holds the value itself.",
         {{"assay evidence 3391c4e3bafe761a-4f3a21-2c", "show a piece of evidence from the store"},
          {"assay evidence 3391c4e3bafe761a-4f3a21-2c --in report.json", "from a file"},
          {"assay evidence 4f3a21-2c --in report.json.gz --raw | jq .", "its bytes alone"}},
         as_cmd_evidence},
    [AS_COMMAND_ADD] =
        {"add",
         "REPORT...",
         AS_TAKES_FILE,
         NULL,
         1,
         -1,
         "keep reports in the store, with all that they say",
         REPORT_TEXT
         "\n\nEach report is kept whole, and its facts, calls and words are put where they can be "
         "searched and asked for. Reports of one sample (those that name the same hash) stand "
         "together. One that is there already is not added again, so an addition that was "
         "interrupted is done by the same command once more.\n\n"
         "A line on standard output says 'added' or 'known', the beginning of the report's "
         "SHA-256, the tool, the sample's id, the number of facts and the name; the last line is "
         "the sum. What has its line is on disk and stays there, whatever happens next.",
         {{"assay add report.json", "keep one report"},
          {"assay add reports/ more.zip", "keep all that a folder and an archive hold"},
          {"zcat report.json.gz | assay add -", "from standard input"},
          {"assay add --json reports/ | jq -r 'select(.state == \"added\").name'",
           "the names of what is new"}},
         as_cmd_add},
    [AS_COMMAND_SAMPLES] =
        {"samples",
         "[SAMPLE]",
         AS_TAKES_TEXT,
         NULL,
         0,
         1,
         "list the samples of the store",
         "Of each sample: its id, the beginning of its hash, what it is, how many reports and "
         "facts there are of it, when the first was added, and its name. With SAMPLE, those that "
         "it means.\n\nA SAMPLE is a hash or the first six digits of one or more, a file name, or "
         "an id such as '#12'.",
         {{"assay samples", "all of them"},
          {"assay samples --since 7d --json | jq -r '.samples[].sha256'",
           "the hashes of what this week brought"}},
         as_cmd_samples},
    [AS_COMMAND_SHOW] =
        {"show",
         "SAMPLE",
         AS_TAKES_TEXT,
         NULL,
         1,
         1,
         "describe a sample of the store, from all its reports",
         SAMPLE_TEXT
         "\n\nThe description is the one that 'assay analyze' gives of the reports of the sample, "
         "which are read again as they were kept.",
         {{"assay show invoice.exe", "by its name"},
          {"assay show 3391c4e3 --lang zh --format html -o sample.html",
           "by its hash, as a page in Chinese"}},
         as_cmd_show},
    [AS_COMMAND_RM] = {"rm",
                       "SAMPLE...",
                       AS_TAKES_TEXT,
                       NULL,
                       1,
                       -1,
                       "remove samples from the store, with their reports",
                       SAMPLE_TEXT,
                       {{"assay rm '#12' invoice.exe", "two samples"}},
                       as_cmd_rm},
    [AS_COMMAND_ASK] =
        {"ask",
         "QUESTION...",
         AS_TAKES_TEXT,
         NULL,
         1,
         -1,
         "answer a question from the facts of the store",
         "The question is in English or Chinese, about one sample (--sample, or named in the "
         "question, or the only one there is) or about all: which samples have something, what "
         "they share, which is the biggest. It is answered by code from facts, completely, and "
         "each item cites evidence, which 'assay evidence' shows. What the reports do not record "
         "is said, and never guessed. A question of no known form gives the passages that are "
         "nearest to it, marked as extracts.\n\n"
         "--json prints one document: how the question was understood, whether it can be answered, "
         "yes or no, the number, the answer as a sentence, every item in full, and the quotes.",
         {{"assay ask --sample 24c94559 'which domains were queried?'", "a list"},
          {"assay ask --sample 24c94559 '释放了哪些文件？'", "in Chinese"},
          {"assay ask 'which samples contacted 45[.]154.98.194?'", "over all samples"},
          {"assay ask --json --sample invoice.exe is there persistence | jq .truth",
           "for a program"}},
         as_cmd_ask},
    [AS_COMMAND_SEARCH] =
        {"search",
         "TEXT...",
         AS_TAKES_TEXT,
         NULL,
         1,
         -1,
         "find passages about something in all that the store's reports say",
         "TEXT is a question or a few words, in Chinese or English. Several routes look for it "
         "side by side: values that stand in it (hashes, addresses, domains, paths, names of "
         "files and APIs, techniques, names that the store knows, and whatever stands in double "
         "quotes) are looked for whole, all its words by BM25, its meaning where a text encoder "
         "is configured; summaries and keywords bring the passage that they belong to. "
         "Reciprocal rank fusion joins what they find; --trace shows each of them.\n\n"
         "A passage is of one report, one section and, where it tells of processes, one process. "
         "It stands with its place in each route, and with evidence ids that 'assay evidence' "
         "shows the bytes of. Words of the question are coloured on a terminal. Nothing found is "
         "exit status 1.",
         {{"assay search evil.example.com", "all that is known of a domain"},
          {"assay search --section persistence 自启动", "in one section, in Chinese"},
          {"assay search --sample invoice.exe --trace which files were encrypted",
           "in one sample, with the routes"}},
         as_cmd_search},
    [AS_COMMAND_EMBED] =
        {"embed",
         "[TEXT...]",
         AS_TAKES_TEXT,
         NULL,
         0,
         -1,
         "turn texts into vectors, with a text encoder",
         "Prints one JSON line for each TEXT, or without TEXT for each line of standard input: "
         "the vector that the encoder makes of it, of length 1. With --tokens, one vector for each "
         "token, and which bytes of the text it stands for.\n"
         "\n"
         "The encoder is a folder as Hugging Face lays one out, of BERT's kind (MiniLM, bge, e5) "
         "or XLM-RoBERTa's (bge-m3). A text longer than it reads is read in windows that overlap, "
         "and its vector is their mean; nothing is cut.\n"
         "\n"
         "With --fill, the passages of the store get vectors, by which 'assay search' and 'assay "
         "ask' find what is meant beside what is said. It goes on where it was interrupted. Each "
         "encoder has vectors of its own.",
         {{"assay embed --encoder models/bge-small-zh-v1.5 恶意软件写入启动项", "one text"},
          {"assay embed --encoder all-MiniLM-L6-v2 --npy -o v.npy <lines.txt", "many, for NumPy"},
          {"assay embed --encoder bge-small-zh-v1.5 --fill", "the store's passages"}},
         as_cmd_embed},
    [AS_COMMAND_EXPORT] =
        {"export",
         "FILE",
         AS_TAKES_FILE,
         NULL,
         1,
         1,
         "write all reports of the store to one file",
         "FILE is a zstd-compressed tar of the reports as they were added, with a manifest; it "
         "appears only when it is complete. - is standard output. 'assay import' adds them to "
         "another store, where the same facts are made of them.",
         {{"assay export store.tar.zst", "for another machine, or as a backup"},
          {"assay export - | ssh other assay import -", "from one machine to another"}},
         as_cmd_export},
    [AS_COMMAND_IMPORT] =
        {"import",
         "FILE",
         AS_TAKES_FILE,
         NULL,
         1,
         1,
         "add the reports that 'assay export' wrote",
         "FILE is what 'assay export' wrote; - is standard input. Reports that are there already "
         "are passed over. Where FILE is damaged, the reports before the damage are added.",
         {{"assay import store.tar.zst", "all of its reports"}},
         as_cmd_import},
    [AS_COMMAND_CHECK] =
        {"check",
         "",
         AS_TAKES_NOTHING,
         NULL,
         0,
         0,
         "say whether the store is whole, and mend it",
         "Looks at the structure of the database, at what its tables say of each other, and at "
         "whether each report that was added is kept and nothing else is. Each finding is one "
         "line, and the last line is the sum. The exit status is 3 if anything stays damaged.\n\n"
         "With --repair, indexes are made again, and facts are made again from the reports; a "
         "report whose own bytes are lost can only be added again.",
         {{"assay check", "is all well?"},
          {"assay check --deep --repair", "look at every byte, and mend what can be mended"}},
         as_cmd_check},
    [AS_COMMAND_STATS] = {"stats",
                          "",
                          AS_TAKES_NOTHING,
                          NULL,
                          0,
                          0,
                          "say how much the store holds",
                          "Counts of samples, reports, facts and what they are searched by, and "
                          "the bytes that all of it takes.",
                          {{"assay stats", "the numbers"}},
                          as_cmd_stats},
    [AS_COMMAND_EVAL] =
        {"eval",
         "ask|retrieval [FILE...]",
         AS_TAKES_FILE,
         "ask retrieval",
         1,
         -1,
         "score answers and searches whose results are known",
         "Of 'ask', each FILE holds questions, one JSON object a line, as "
         "tests/questions/README.md says; "
         "without FILE they are those of tests/questions in the folder at hand. The reports that "
         "a file's questions name are added to a store of their own, then every question and "
         "every variant of it is asked as 'assay ask' would, and judged. What is wrong is listed "
         "with what was expected and what came, then how many are right, and the time it "
         "took.\n\n"
         "The store is made in the temporary folder and removed. With --store, it is kept in a "
         "folder below DIR and serves again until other reports are asked about; remove it after "
         "a change of what is read from reports.\n\n"
         "Of 'retrieval', each FILE holds questions with the passages that answer them, as "
         "tests/retrieval/README.md says (without FILE, those there). All are asked of one store, "
         "by "
         "every route of a search alone and by their fusion, and it is told how far up the "
         "passages came: recall, MRR and nDCG with intervals, by language and kind. With --corpus, "
         "the questions and texts are those of a public collection below the data folder.\n\n"
         "--json prints one document, with every answer, or every rank, that came. With "
         "--fail-under, exit status 1 also says that the score of 'ask' is lower.",
         {{"assay eval ask --data ../data", "everything"},
          {"assay eval ask --split dev --only cape- --store /tmp/stores", "some, again and again"},
          {"assay eval ask --json | jq -r '.results[] | select(.right | not).id'", "what is wrong"},
          {"assay eval retrieval --split dev --weights bm25=1,child=1", "try other weights"}},
         as_cmd_eval},
    [AS_COMMAND_MODEL] =
        {"model",
         "list|pull|import|verify|rm [MODEL]",
         AS_TAKES_FILE,
         "list pull import verify rm",
         1,
         2,
         "get text encoders, and say which are there",
         "'list' shows the models that are installed, which of them is in force, and those that "
         "are known to be good, with sizes, languages and what they are good for.\n\n"
         "'pull NAME' fetches one from a hub: a name that 'list' shows, or OWNER/NAME, with "
         "'@REVISION' for one that is not the newest. Sizes and hashes are checked, the commit is "
         "recorded, and a pull that broke off goes on where it was. A model that is in the "
         "Hugging Face cache is taken from there, without the network.\n\n"
         "'import PATH' takes one out of a folder, a .safetensors or .onnx file with its tokenizer "
         "beside it, or an archive (zip, whl, jar, tar). It says what it took. None or several "
         "are an error that names them.\n\n"
         "'verify NAME' compares every file with the hash that was recorded, and 'rm NAME' "
         "removes the model. Models are in the folder models of the store.",
         {{"assay model list", "what is there, and what there is"},
          {"assay model pull bge-small-zh-v1.5", "for Chinese questions"},
          {"assay model pull intfloat/e5-small-v2@main --name e5", "under another name"},
          {"assay model import Downloads/bge-small-en.zip", "without a network"}},
         as_cmd_model},
    [AS_COMMAND_FORMATS] =
        {"formats",
         "",
         AS_TAKES_NOTHING,
         NULL,
         0,
         0,
         "list the formats that assay reads",
         "Of each format: its id, which is what --as takes, its name, the versions, what becomes "
         "facts, and whether the reader was checked on real files or written from documentation "
         "alone. docs/formats.md is the same list.",
         {{"assay formats", "the list"},
          {"assay formats --json | jq -r '.formats[].id'", "the ids alone"}},
         as_cmd_formats},
    [AS_COMMAND_DOCTOR] =
        {"doctor",
         "",
         AS_TAKES_NOTHING,
         NULL,
         0,
         0,
         "say what is installed, and what each missing part would enable",
         "Looks at the libraries in use, the instructions of the processor, the folders and "
         "the optional tools. Everything is looked up on this machine; nothing is sent, "
         "changed or started.",
         {{"assay doctor", "look at this machine"}},
         as_cmd_doctor},
    [AS_COMMAND_HELP] = {"help",
                         "[COMMAND]",
                         AS_TAKES_COMMAND,
                         NULL,
                         0,
                         1,
                         "explain assay or one of its commands",
                         "Without COMMAND the commands are listed.",
                         {{"assay help analyze", "the options of analyze"}},
                         as_cmd_help},
    [AS_COMMAND_COMPLETION] =
        {"completion",
         "SHELL",
         AS_TAKES_CHOICE,
         "bash zsh fish",
         1,
         1,
         "print a completion script for bash, zsh or fish",
         "The script completes commands, options, the values of options and file names.",
         {{"source <(assay completion bash)", "in bash, for this session"},
          {"assay completion zsh > ~/.zfunc/_assay", "in zsh, a folder of fpath"},
          {"assay completion fish > ~/.config/fish/completions/assay.fish", "in fish"}},
         as_cmd_completion},
    [AS_COMMAND_MAN] = {"man",
                        "[COMMAND]",
                        AS_TAKES_COMMAND,
                        NULL,
                        0,
                        1,
                        "print a manual page in the form that man reads",
                        "Without COMMAND the page is assay(1).",
                        {{"assay man analyze | man -l -", "read the page of analyze"}},
                        as_cmd_man},
};

static const as_variable variables[] = {
    {"LC_ALL, LC_MESSAGES, LANG",
     "The first of them that is set chooses the language of descriptions: Chinese if it "
     "begins with zh, else English.",
     FOR_TELLERS},
    {"NO_COLOR", "If it is set and not empty, nothing is coloured unless asked for.",
     FOR_TELLERS | FOR(SEARCH)},
    {"COLUMNS", "Width of text where it is not written to a terminal.", FOR_TELLERS},
    {"TMPDIR", "Folder for temporary files (default: /tmp).",
     FOR(CALLS) | FOR(EVIDENCE) | FOR(EVAL)},
    {"ASSAY_DATA", "Folder of what is measured with, if --data does not name it.", FOR(EVAL)},
    {"ASSAY_PASSWORDS",
     "Passwords for encrypted archives, separated by commas, instead of the configuration's.",
     FOR_INPUTS},
    {"XDG_CONFIG_HOME", "Where assay/config.ini is looked for (default: ~/.config).", FOR_INPUTS},
    {"ASSAY_ENCODER_MODEL",
     "The text encoder in force, a name or a folder, instead of the configuration's "
     "'encoder.model'.",
     FOR(MODEL)},
    {"HF_ENDPOINT", "The hub that models are pulled from (default: https://huggingface.co).",
     FOR(MODEL)},
    {"HF_TOKEN, HF_TOKEN_PATH",
     "The token for models that ask for one, or a file (0600) that holds it. It is sent to the "
     "hub alone, and not to where the hub sends us on.",
     FOR(MODEL)},
    {"HF_HUB_CACHE, HF_HOME", "Where the Hugging Face cache is looked for.", FOR(MODEL)},
    {"ASSAY_OFFLINE, HF_HUB_OFFLINE", "If one is set and not 0, the network is not touched.",
     FOR(MODEL)},
    {"ASSAY_HOME, XDG_DATA_HOME",
     "The store is in ASSAY_HOME, else in assay below XDG_DATA_HOME (default: ~/.local/share).",
     FOR_STORE | FOR(DOCTOR)},
};

static const as_status statuses[] = {
    {0, "Done."},
    {1, "Nothing was found."},
    {2, "The command line is wrong."},
    {3, "A report was refused: unreadable, damaged, of an unknown tool or too large."},
    {4, "The machine failed: no memory, no space, an output that cannot be written."},
};

const as_command *as_command_get(as_command_id id)
{
    return &commands[id];
}

const as_option *as_option_get(as_option_id id)
{
    return &options[id];
}

const as_variable *as_variables(size_t *ret_n)
{
    *ret_n = AS_COUNT(variables);
    return variables;
}

const as_status *as_statuses(size_t *ret_n)
{
    *ret_n = AS_COUNT(statuses);
    return statuses;
}

as_command_id as_command_find(const char *name)
{
    for (unsigned i = AS_COMMAND_PROGRAM + 1; i < AS_COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0)
            return (as_command_id)i;
    return AS_COMMAND_COUNT;
}

#define NAME_MAX_SHOWN 24u /* longer than any command; nothing near one is longer */

static unsigned least3(unsigned a, unsigned b, unsigned c)
{
    unsigned least = a < b ? a : b;

    return least < c ? least : c;
}

/* Edits between two words: insertion, deletion, replacement, each counted as one. */
static unsigned distance(const char *a, size_t an, const char *b, size_t bn)
{
    unsigned row[NAME_MAX_SHOWN + 1];

    for (unsigned k = 0; k <= bn; k++)
        row[k] = k;
    for (size_t i = 1; i <= an; i++) {
        unsigned corner = row[0];

        row[0] = (unsigned)i;
        for (size_t k = 1; k <= bn; k++) {
            unsigned above = row[k];

            row[k] = least3(above + 1, row[k - 1] + 1, corner + (a[i - 1] != b[k - 1]));
            corner = above;
        }
    }
    return row[bn];
}

as_command_id as_command_nearest(const char *name)
{
    as_command_id best = AS_COMMAND_COUNT;
    size_t n = strlen(name);
    unsigned least = UINT32_MAX;

    if (n < 2 || n > NAME_MAX_SHOWN)
        return AS_COMMAND_COUNT;
    for (unsigned i = AS_COMMAND_PROGRAM + 1; i < AS_COMMAND_COUNT; i++) {
        const char *known = commands[i].name;
        size_t known_n = strlen(known);
        /* The beginning of a name is a clear wish, whatever is missing after it. */
        unsigned d = strncmp(known, name, n) == 0 ? 0 : distance(name, n, known, known_n);

        if (d < least && d <= known_n / 3) {
            least = d;
            best = (as_command_id)i;
        }
    }
    return best;
}
