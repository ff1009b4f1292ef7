/* The lists that tell a domain from a file, and a function from any other name. */
#include "store/ioc_priv.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/banned.h"

#define WORD_MAX 24u

/* Sorted, one blank between: see in_list(). */
static const char *const tlds[] = {
    "ac",         "academy",     "ad",          "adult",       "ae",
    "aero",       "af",          "ag",          "agency",      "ai",
    "al",         "am",          "ao",          "app",         "aq",
    "ar",         "arpa",        "art",         "as",          "asia",
    "at",         "au",          "auction",     "aw",          "ax",
    "az",         "ba",          "bar",         "bb",          "bd",
    "be",         "beauty",      "best",        "bet",         "bf",
    "bg",         "bh",          "bi",          "bid",         "bio",
    "bit",        "biz",         "bj",          "black",       "blog",
    "blue",       "bm",          "bn",          "bo",          "bond",
    "boutique",   "br",          "bs",          "bt",          "bv",
    "bw",         "by",          "bz",          "ca",          "cafe",
    "cam",        "camp",        "capital",     "cards",       "care",
    "casa",       "cash",        "casino",      "cc",          "cd",
    "center",     "ceo",         "cf",          "cfd",         "cg",
    "ch",         "chat",        "church",      "ci",          "city",
    "ck",         "cl",          "click",       "clinic",      "cloud",
    "club",       "cm",          "cn",          "co",          "codes",
    "coffee",     "college",     "com",         "community",   "company",
    "computer",   "cool",        "coop",        "corp",        "country",
    "cr",         "credit",      "cricket",     "cu",          "cv",
    "cw",         "cx",          "cy",          "cyou",        "cz",
    "date",       "dating",      "de",          "dealer",      "deals",
    "delivery",   "design",      "dev",         "digital",     "direct",
    "directory",  "dj",          "dk",          "dm",          "do",
    "domains",    "download",    "dz",          "earth",       "ec",
    "edu",        "education",   "ee",          "eg",          "email",
    "energy",     "engineering", "enterprises", "er",          "es",
    "estate",     "et",          "eu",          "events",      "example",
    "exchange",   "expert",      "express",     "faith",       "fans",
    "farm",       "fi",          "finance",     "financial",   "fit",
    "fj",         "fk",          "fm",          "fo",          "foundation",
    "fr",         "fun",         "fund",        "fyi",         "ga",
    "gallery",    "games",       "gay",         "gd",          "ge",
    "gf",         "gg",          "gh",          "gi",          "gl",
    "global",     "gm",          "gn",          "gold",        "gov",
    "gp",         "gq",          "gr",          "group",       "gs",
    "gt",         "gu",          "guide",       "guru",        "gw",
    "gy",         "hair",        "health",      "help",        "hk",
    "hm",         "hn",          "holdings",    "home",        "homes",
    "host",       "hosting",     "house",       "hr",          "ht",
    "hu",         "i2p",         "icu",         "id",          "ie",
    "il",         "im",          "in",          "industries",  "info",
    "ink",        "institute",   "int",         "internal",    "international",
    "invalid",    "io",          "iq",          "ir",          "is",
    "it",         "je",          "jm",          "jo",          "jobs",
    "jp",         "ke",          "kg",          "kh",          "ki",
    "kim",        "km",          "kn",          "kp",          "kr",
    "kw",         "ky",          "kz",          "la",          "lan",
    "land",       "lat",         "law",         "lb",          "lc",
    "legal",      "li",          "life",        "link",        "live",
    "lk",         "loan",        "loans",       "local",       "localdomain",
    "localhost",  "lol",         "love",        "lr",          "ls",
    "lt",         "ltd",         "lu",          "lv",          "ly",
    "ma",         "makeup",      "management",  "market",      "marketing",
    "mc",         "md",          "me",          "media",       "men",
    "mg",         "mh",          "mil",         "mk",          "ml",
    "mm",         "mn",          "mo",          "mobi",        "moe",
    "mom",        "money",       "monster",     "mov",         "mp",
    "mq",         "mr",          "ms",          "mt",          "mu",
    "museum",     "mv",          "mw",          "mx",          "my",
    "mz",         "na",          "name",        "nc",          "ne",
    "net",        "network",     "news",        "nf",          "ng",
    "ni",         "ninja",       "nl",          "no",          "np",
    "nr",         "nu",          "nz",          "om",          "one",
    "onion",      "onl",         "online",      "ooo",         "org",
    "pa",         "page",        "party",       "pe",          "pf",
    "pg",         "ph",          "photos",      "pics",        "pk",
    "pl",         "plus",        "pm",          "pn",          "porn",
    "pr",         "press",       "pro",         "productions", "properties",
    "ps",         "pt",          "pub",         "pw",          "py",
    "qa",         "quest",       "racing",      "re",          "red",
    "rent",       "rest",        "review",      "rip",         "ro",
    "rocks",      "rs",          "ru",          "run",         "rw",
    "sa",         "sale",        "sb",          "sbs",         "sc",
    "school",     "science",     "sd",          "se",          "services",
    "sex",        "sg",          "sh",          "shop",        "si",
    "site",       "sk",          "skin",        "sl",          "sm",
    "sn",         "so",          "social",      "software",    "solutions",
    "space",      "sr",          "ss",          "st",          "store",
    "stream",     "studio",      "su",          "support",     "surf",
    "sv",         "sx",          "sy",          "systems",     "sz",
    "tattoo",     "tc",          "td",          "team",        "tech",
    "technology", "tel",         "test",        "tf",          "tg",
    "th",         "tips",        "tj",          "tk",          "tl",
    "tm",         "tn",          "to",          "today",       "tokyo",
    "tools",      "top",         "tr",          "trade",       "trading",
    "travel",     "tt",          "tube",        "tv",          "tw",
    "tz",         "ua",          "ug",          "uk",          "uno",
    "us",         "uy",          "uz",          "va",          "vc",
    "ve",         "vg",          "vi",          "video",       "vip",
    "vn",         "vu",          "wang",        "watch",       "webcam",
    "website",    "wf",          "wiki",        "win",         "work",
    "works",      "world",       "ws",          "wtf",         "xin",
    "xxx",        "xyz",         "yachts",      "ye",          "yt",
    "za",         "zip",         "zm",          "zone",        "zw",
};

/* Of scripts other than Latin; few, so no order. */
static const char *const wide_tlds[] = {
    "中国",   "中國", "公司",   "网络",     "網絡",   "商城",  "网店",   "中文网", "香港",
    "台湾",   "台灣", "新加坡", "集团",     "我爱你", "在线",  "网址",   "网站",   "世界",
    "企业",   "游戏", "娱乐",   "手机",     "移动",   "政务",  "公益",   "机构",   "信息",
    "购物",   "商店", "商标",   "健康",     "新闻",   "点看",  "みんな", "コム",   "닷컴",
    "닷넷",   "한국", "рф",     "рус",      "бел",    "укр",   "мкд",    "срб",    "қаз",
    "онлайн", "сайт", "орг",    "ком",      "бг",     "ею",    "мон",    "ελ",     "ευ",
    "հայ",    "გე",   "امارات", "السعودية", "مصر",    "ایران", "भारत",   "ไทย",
};

static const char *const extensions[] = {
    "7z",   "a3x",       "aac",    "accdb",  "ace",  "acm",  "apk",   "appx",  "arj",   "asar",
    "asp",  "aspx",      "au3",    "avi",    "ax",   "b64",  "bak",   "bash",  "bat",   "bin",
    "bmp",  "bz2",       "c",      "cab",    "cat",  "cer",  "cfg",   "cgi",   "chm",   "class",
    "cmd",  "conf",      "config", "cpl",    "cpp",  "crt",  "crx",   "crypt", "cs",    "csv",
    "dat",  "data",      "db",     "deb",    "dex",  "dll",  "dmg",   "dmp",   "doc",   "docm",
    "docx", "dot",       "dotm",   "dotx",   "drv",  "dump", "dylib", "elf",   "emf",   "eml",
    "enc",  "encrypted", "eps",    "etl",    "evtx", "exe",  "gif",   "gz",    "h",     "hlp",
    "hta",  "htm",       "html",   "ico",    "img",  "inf",  "ini",   "iso",   "jar",   "java",
    "jpeg", "jpg",       "js",     "jse",    "json", "jsp",  "jspx",  "kdbx",  "key",   "ko",
    "ldb",  "lnk",       "lock",   "locked", "log",  "lua",  "lz",    "lzh",   "lzma",  "manifest",
    "mdb",  "mht",       "mhtml",  "mp3",    "mp4",  "msc",  "msg",   "msi",   "msix",  "msp",
    "mst",  "mui",       "nls",    "ocx",    "odt",  "ogg",  "one",   "ost",   "ova",   "p12",
    "pcap", "pcapng",    "pdb",    "pdf",    "pem",  "pf",   "pfx",   "php",   "pif",   "pkg",
    "png",  "pol",       "potm",   "ppam",   "pps",  "ppsm", "ppsx",  "ppt",   "pptm",  "pptx",
    "ps1",  "psd1",      "psm1",   "pst",    "py",   "pyc",  "pyd",   "pyw",   "rar",   "rb",
    "reg",  "rels",      "rpm",    "rtf",    "scr",  "sct",  "sh",    "shs",   "sldm",  "so",
    "sql",  "sqlite",    "swf",    "sys",    "tar",  "tgz",  "theme", "tif",   "tiff",  "tlb",
    "tmp",  "ttf",       "txt",    "url",    "vb",   "vba",  "vbe",   "vbs",   "vdi",   "vhd",
    "vhdx", "vmdk",      "vxd",    "war",    "wav",  "webp", "wim",   "wmf",   "wncry", "wnry",
    "ws",   "wsc",       "wsf",    "wsh",    "xla",  "xlam", "xll",   "xls",   "xlsb",  "xlsm",
    "xlsx", "xlt",       "xltm",   "xml",    "xpi",  "xps",  "xsl",   "xz",    "yaml",  "yar",
    "yara", "yml",       "z",      "zip",    "zst",
};

static const char *const prefixes[] = {
    "Accept",
    "Acquire",
    "Add",
    "Adjust",
    "Alloc",
    "Allocate",
    "Amsi",
    "Assign",
    "Attach",
    "BCrypt",
    "Begin",
    "Bind",
    "BitBlt",
    "Block",
    "Build",
    "Call",
    "Cancel",
    "Cert",
    "Change",
    "Check",
    "Clear",
    "Clip",
    "Close",
    "Co",
    "Compare",
    "Connect",
    "Control",
    "Convert",
    "Copy",
    "Create",
    "Crypt",
    "Csr",
    "Dbg",
    "Debug",
    "Decode",
    "Decrypt",
    "Define",
    "Delete",
    "Destroy",
    "Device",
    "Dialog",
    "Disable",
    "Disconnect",
    "Dispatch",
    "Dns",
    "Draw",
    "Duplicate",
    "Enable",
    "Encode",
    "Encrypt",
    "End",
    "Enter",
    "Enum",
    "Enumerate",
    "Etw",
    "Evt",
    "Exit",
    "Expand",
    "Extract",
    "File",
    "Fill",
    "Find",
    "Flush",
    "Format",
    "Free",
    "Ftp",
    "Gdi",
    "Generate",
    "Get",
    "Global",
    "Heap",
    "Hook",
    "Http",
    "Icmp",
    "Image",
    "Impersonate",
    "Init",
    "Initialize",
    "Initiate",
    "Install",
    "Internet",
    "Interlocked",
    "Io",
    "Is",
    "Ke",
    "Ki",
    "K32",
    "Ldr",
    "Leave",
    "Load",
    "Local",
    "Lock",
    "Logon",
    "Lookup",
    "Lsa",
    "Make",
    "Map",
    "MiniDump",
    "Mm",
    "Module32",
    "Move",
    "Multi",
    "NCrypt",
    "Net",
    "Nt",
    "Ob",
    "Obtain",
    "Ole",
    "Open",
    "Output",
    "Parse",
    "Path",
    "Peek",
    "Post",
    "Process32",
    "Ps",
    "Query",
    "Queue",
    "Raise",
    "Read",
    "Recv",
    "Reg",
    "Register",
    "Release",
    "Remove",
    "Rename",
    "Replace",
    "Report",
    "Reset",
    "Resume",
    "Revert",
    "Rtl",
    "SH",
    "Sam",
    "Save",
    "Sc",
    "Search",
    "Send",
    "Set",
    "Setup",
    "Shell",
    "Show",
    "Sleep",
    "Start",
    "Stop",
    "Str",
    "Suspend",
    "Switch",
    "Sym",
    "Sys",
    "SystemFunction",
    "SystemParameters",
    "Terminate",
    "Thread32",
    "Tls",
    "Toolhelp32",
    "Track",
    "Translate",
    "URL",
    "Unhook",
    "Unload",
    "Unmap",
    "Update",
    "Url",
    "Var",
    "Verify",
    "Virtual",
    "WNet",
    "WSA",
    "Wait",
    "WinHttp",
    "WinExec",
    "WinVerify",
    "Wlan",
    "Wow64",
    "Write",
    "Zw",
};

static int by_text(const void *a, const void *b)
{
    return strcmp(a, *(const char *const *)b);
}

static bool in_list(const char *const *list, size_t n, as_bytes word)
{
    char text[WORD_MAX];

    if (word.n == 0 || word.n >= sizeof(text))
        return false;
    for (size_t i = 0; i < word.n; i++)
        text[i] = (char)as_lower(word.p[i]);
    text[word.n] = 0;
    if (memchr(text, 0, word.n))
        return false;
    return bsearch(text, list, n, sizeof(*list), by_text) != NULL;
}

bool as_known_tld(as_bytes label)
{
    if (label.n && label.p[0] < 0x80)
        return in_list(tlds, AS_COUNT(tlds), label);
    for (size_t i = 0; i < AS_COUNT(wide_tlds); i++) {
        if (as_bytes_is(label, wide_tlds[i]))
            return true;
    }
    return false;
}

bool as_known_extension(as_bytes extension)
{
    return in_list(extensions, AS_COUNT(extensions), extension);
}

/* Behind the prefix another word begins: a capital and a small letter ("OpenSSL" is no call). */
bool as_api_prefix(as_bytes word)
{
    for (size_t i = 0; i < AS_COUNT(prefixes); i++) {
        size_t n = strlen(prefixes[i]);

        if (word.n >= n && !memcmp(word.p, prefixes[i], n)) {
            if (word.n == n)
                return true;
            if (as_is_upper(word.p[n])) {
                for (size_t k = n + 1; k < word.n; k++) {
                    if (as_is_lower(word.p[k]))
                        return true;
                }
            }
        }
    }
    return false;
}

bool as_is_cjk(int32_t cp)
{
    static const struct {
        int32_t first, last;
    } ranges[] = {
        {0x1100, 0x11ff},   {0x2e80, 0x2fd5},   {0x3005, 0x3007}, {0x3021, 0x3029},
        {0x3031, 0x3035},   {0x3041, 0x3096},   {0x309d, 0x309f}, {0x30a1, 0x30fa},
        {0x30fc, 0x30ff},   {0x3105, 0x312f},   {0x3131, 0x318e}, {0x31a0, 0x31bf},
        {0x31f0, 0x31ff},   {0x3400, 0x4dbf},   {0x4e00, 0x9fff}, {0xa960, 0xa97c},
        {0xac00, 0xd7a3},   {0xf900, 0xfad9},   {0xff66, 0xff9d}, {0x1b000, 0x1b167},
        {0x20000, 0x2fa1d}, {0x30000, 0x323af},
    };

    if (cp >= 0x4e00 && cp <= 0x9fff)
        return true;
    for (size_t i = 0; i < AS_COUNT(ranges) && cp >= ranges[i].first; i++) {
        if (cp <= ranges[i].last)
            return true;
    }
    return false;
}

as_letter as_letter_of(int32_t cp)
{
    if (cp < 0)
        return AS_LETTER_NONE;
    if (as_is_cjk(cp))
        return AS_LETTER_CJK;
    switch (utf8proc_category(cp)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return AS_LETTER_WORD;
    default:
        return AS_LETTER_NONE;
    }
}
