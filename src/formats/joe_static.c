#include "formats/joe_priv.h"

#include "base/banned.h"

/* clang-format off */

/* `fileinfo` of a Joe Sandbox report: the sample without running it. */

LOCAL_SHAPE(section,
    ATTR("name", NAME),
    ATTR("virtaddr", VIRTUAL_ADDRESS),
    ATTR("virtsize", VIRTUAL_SIZE),
    ATTR("rawaddr", RAW_ADDRESS),
    ATTR("rawsize", RAW_SIZE),
    ATTR("entropy", ENTROPY),
    ATTR("characteristics", CHARACTERISTICS),
    OTHER_LEAVES(STATIC_DETAIL));
LOCAL_SHAPE(sections, FACT("section", PE_SECTION, section), OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(function, ATTR("", NAME), ATTR("name", NAME), ATTR("ordinal", ORDINAL),
    ATTR("address", ADDRESS), OTHER_LEAVES(STATIC_DETAIL));
LOCAL_SHAPE(library,
    ATTR("", DLL),
    ATTR("name", DLL),
    ATTR("dll", DLL),
    FACT("function", PE_IMPORT, function),
    FACT("import", PE_IMPORT, function),
    OTHER_LEAVES(STATIC_DETAIL));
LOCAL_SHAPE(imports,
    FACT("library", PE_IMPORT, library),
    FACT("dll", PE_IMPORT, library),
    FACT("import", PE_IMPORT, library),
    OTHER_LEAVES(STATIC_DETAIL));
LOCAL_SHAPE(exports, FACT("export", PE_EXPORT, function), FACT("function", PE_EXPORT, function),
    OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(resource,
    ATTR("name", NAME),
    ATTR("type", TYPE),
    ATTR("rva", VIRTUAL_ADDRESS),
    ATTR("offset", OFFSET),
    ATTR("size", RAW_SIZE),
    ATTR("language", LANGUAGE),
    ATTR("country", SUBLANGUAGE),
    ATTR("entropy", ENTROPY),
    OTHER_LEAVES(STATIC_DETAIL));
LOCAL_SHAPE(resources, FACT("resource", PE_RESOURCE, resource), OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(version, ATTR("name", NAME), ATTR("value", VALUE), ATTR("", VALUE),
    OTHER_LEAVES(STATIC_DETAIL));
LOCAL_SHAPE(versions, FACT("version", PE_VERSION, version), OTHER_LEAVES(STATIC_DETAIL));

/* Whether it is signed, and by whom; an unsigned file has no certificate to tell of. */
LOCAL_SHAPE(signature,
    LEAVES("signed", STATIC_DETAIL),
    ATTR("sigissuer", ISSUER),
    ATTR("issuer", ISSUER),
    ATTR("subject", SUBJECT),
    ATTR("serial", SERIAL),
    ATTR("thumbprint", FINGERPRINT),
    ATTR("notbefore", NOT_BEFORE),
    ATTR("notafter", NOT_AFTER),
    OTHER_LEAVES(CERTIFICATE_FIELD));

LOCAL_SHAPE(pe_image,
    ATTR("entrypoint", ENTRYPOINT),
    ATTR("imagebase", IMAGEBASE),
    ATTR("imphash", IMPHASH),
    ATTR("timestamp", COMPILED),
    ATTR("pdb", PDB_PATH),
    ATTR("pdbpath", PDB_PATH),
    ATTR("checksum", CHECKSUM),
    ATTR("osversion", OS_VERSION),
    INTO("sections", sections),
    INTO("imports", imports),
    INTO("exports", exports),
    INTO("resources", resources),
    INTO("versions", versions),
    FACT("signature", CERTIFICATE, signature),
    OTHER_LEAVES(STATIC_DETAIL));

SHAPE(joe_file,
    ATTR("filename", NAME),
    ATTR("filesize", SIZE),
    ATTR("filetype", TYPE),
    ATTR("md5", MD5),
    ATTR("sha1", SHA1),
    ATTR("sha256", SHA256),
    ATTR("sha512", SHA512),
    ATTR("ssdeep", SSDEEP),
    ATTR("tlsh", TLSH),
    ATTR("icon", ICON_HASH),
    FACT("pe", PE, pe_image),
    OTHER_LEAVES(STATIC_DETAIL));
