#include "encode/profile.h"

#include <string.h>

#include "base/banned.h"

#define EN "English"
#define ZH "Chinese"

#define BGE_EN_QUERY "Represent this sentence for searching relevant passages: "
#define BGE_ZH_QUERY "为这个句子生成表示以用于检索相关文章："

static const as_profile profiles[] = {
    {"all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2", EN, "Apache-2.0",
     "small and fast; English reports on a small machine", "", "", AS_POOL_MEAN, 384, 6, 256, 91,
     0},
    {"bge-small-en-v1.5", "BAAI/bge-small-en-v1.5", EN, "MIT", "English search, small",
     BGE_EN_QUERY, "", AS_POOL_CLS, 384, 12, 512, 134, 0},
    {"bge-base-en-v1.5", "BAAI/bge-base-en-v1.5", EN, "MIT", "English search, better and slower",
     BGE_EN_QUERY, "", AS_POOL_CLS, 768, 12, 512, 438, 0},
    {"bge-large-en-v1.5", "BAAI/bge-large-en-v1.5", EN, "MIT", "English search, best and slowest",
     BGE_EN_QUERY, "", AS_POOL_CLS, 1024, 24, 512, 1341, 0},
    {"bge-small-zh-v1.5", "BAAI/bge-small-zh-v1.5", ZH, "MIT", "Chinese search, small",
     BGE_ZH_QUERY, "", AS_POOL_CLS, 512, 4, 512, 96, 0},
    {"bge-large-zh-v1.5", "BAAI/bge-large-zh-v1.5", ZH, "MIT", "Chinese search, best and slowest",
     BGE_ZH_QUERY, "", AS_POOL_CLS, 1024, 24, 512, 1302, 0},
    {"e5-small-v2", "intfloat/e5-small-v2", EN, "MIT", "English search, small",
     "query: ", "passage: ", AS_POOL_MEAN, 384, 12, 512, 134, 0},
    {"multilingual-e5-small", "intfloat/multilingual-e5-small", "100 languages", "MIT",
     "both languages, small", "query: ", "passage: ", AS_POOL_MEAN, 384, 12, 512, 471, 0},
    {"bge-m3", "BAAI/bge-m3", "100 languages", "MIT",
     "both languages, long passages, words and meaning; wants a large machine", "", "", AS_POOL_CLS,
     1024, 24, 8192, 2271, 0},
    {"bert-base-uncased", "google-bert/bert-base-uncased", EN, "Apache-2.0",
     "token matrices for the detector", "", "", AS_POOL_MEAN, 768, 12, 512, 440, 0},
};

const as_profile *as_profile_all(size_t *ret_n)
{
    *ret_n = AS_COUNT(profiles);
    return profiles;
}

const as_profile *as_profile_find(as_bytes name)
{
    for (size_t i = 0; i < AS_COUNT(profiles); i++) {
        if (as_bytes_eq_nocase(name, as_bytes_of(profiles[i].name)) ||
            as_bytes_eq_nocase(name, as_bytes_of(profiles[i].hub)))
            return &profiles[i];
    }
    return NULL;
}
