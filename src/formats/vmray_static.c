#include "formats/vmray_priv.h"

#include "base/banned.h"

/* clang-format off */

/* `static_data.*.pe` of VMRay's summary_v2.json. Addresses are decimal numbers there. */

LOCAL_SHAPE(section,
    SKIP("_type"),
    ATTR("name", NAME),
    ATTR("raw_data_offset", RAW_ADDRESS),
    ATTR("raw_data_size", RAW_SIZE),
    ATTR("virtual_address", VIRTUAL_ADDRESS),
    ATTR("virtual_size", VIRTUAL_SIZE),
    ATTR("entropy", ENTROPY),
    ATTR("flags", CHARACTERISTICS),
    OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(api, SKIP("_type"), ATTR("name", NAME), ATTR("ordinal", ORDINAL),
    OTHER_LEAVES(STATIC_DETAIL));
LOCAL_SHAPE(function,
    SKIP("_type"),
    INTO("api", api),
    ATTR("name", NAME),
    ATTR("ordinal", ORDINAL),
    ATTR("address", ADDRESS),
    SKIP("hint"), SKIP("thunk_offset"), SKIP("thunk_rva"),
    OTHER_LEAVES(STATIC_DETAIL));
LOCAL_SHAPE(library,
    SKIP("_type"),
    ATTR("dll", DLL),
    FACT("apis", PE_IMPORT, function),
    OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(resource,
    SKIP("_type"), SKIP("ref_file"),
    ATTR("name", NAME),
    ATTR("type", TYPE),
    ATTR("resource_type", TYPE),
    ATTR("offset", OFFSET),
    ATTR("size", RAW_SIZE),
    ATTR("language", LANGUAGE),
    OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(subject, ATTR("common_name", SUBJECT), OTHER_LEAVES(CERTIFICATE_FIELD));
LOCAL_SHAPE(issuer, ATTR("common_name", ISSUER), OTHER_LEAVES(CERTIFICATE_FIELD));
LOCAL_SHAPE(certificate,
    SKIP("_type"),
    INTO("subject", subject),
    INTO("issuer", issuer),
    ATTR("serial_number", SERIAL),
    ATTR("valid_from", NOT_BEFORE),
    ATTR("valid_until", NOT_AFTER),
    ATTR("thumbprint", FINGERPRINT),
    OTHER_LEAVES(CERTIFICATE_FIELD));
LOCAL_SHAPE(verification, SKIP("_type"), OTHER_LEAVES(STATIC_DETAIL));
LOCAL_SHAPE(signature,
    SKIP("_type"),
    FACT("signer", CERTIFICATE, certificate),
    FACT("counter_signers", CERTIFICATE, certificate),
    INTO("verification", verification),
    OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(basic_info,
    SKIP("_type"),
    ATTR("image_base", IMAGEBASE),
    ATTR("entry_point", ENTRYPOINT),
    ATTR("compile_time", COMPILED),
    ATTR("imphash", IMPHASH),
    ATTR("pdb_path", PDB_PATH),
    OTHER_LEAVES(STATIC_DETAIL));

SHAPE(vmray_pe,
    SKIP("_type"), SKIP("icons"),
    INTO("basic_info", basic_info),
    FACT("sections", PE_SECTION, section),
    FACT("imports", PE_IMPORT, library),
    FACT("exports", PE_EXPORT, function),
    FACT("resources", PE_RESOURCE, resource),
    INTO("signature", signature),
    LEAVES("version_info", PE_VERSION),
    OTHER_LEAVES(STATIC_DETAIL));
