#include "encode/profile.h"

#include "base/banned.h"

#define BGE_EN "Represent this sentence for searching relevant passages: "
#define BGE_ZH "为这个句子生成表示以用于检索相关文章："

/*
 * A floor stands where it was measured: 15 (zh: 10) questions about malware against 300
 * (zh: 30) passages about something else, ONNX Runtime on the real weights. Of those pairs
 * that have nothing to do with each other, the cosine's median, 95th percentile and maximum:
 * MiniLM 0.01, 0.15, 0.36; bge-small-en 0.46, 0.55, 0.67; e5-small-v2 0.75, 0.79, 0.84;
 * bge-small-zh 0.21, 0.31, 0.39. Pairs that belong together began at 0.38, 0.52, 0.79 and
 * 0.46. The floor keeps below these; 0 is "not measured".
 */
/* clang-format off */
static const as_profile profiles[] = {
    {"all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2", "en", "apache-2.0",
     "English, the smallest and fastest", "", "",
     AS_POOL_MEAN, 384, 6, 256, 91, 0.15f},
    {"bge-small-zh-v1.5", "BAAI/bge-small-zh-v1.5", "zh", "mit",
     "Chinese, small and fast: the first choice for Chinese questions", BGE_ZH, "",
     AS_POOL_CLS, 512, 4, 512, 96, 0.30f},
    {"bge-base-zh-v1.5", "BAAI/bge-base-zh-v1.5", "zh", "mit",
     "Chinese, better and slower", BGE_ZH, "",
     AS_POOL_CLS, 768, 12, 512, 409, 0},
    {"bge-large-zh-v1.5", "BAAI/bge-large-zh-v1.5", "zh", "mit",
     "Chinese, the best of its family, slow without a large machine", BGE_ZH, "",
     AS_POOL_CLS, 1024, 24, 512, 1303, 0},
    {"bge-small-en-v1.5", "BAAI/bge-small-en-v1.5", "en", "mit",
     "English, small: better at retrieval than MiniLM", BGE_EN, "",
     AS_POOL_CLS, 384, 12, 512, 134, 0.50f},
    {"bge-base-en-v1.5", "BAAI/bge-base-en-v1.5", "en", "mit",
     "English, better and slower", BGE_EN, "",
     AS_POOL_CLS, 768, 12, 512, 438, 0},
    {"bge-large-en-v1.5", "BAAI/bge-large-en-v1.5", "en", "mit",
     "English, the best of its family, slow without a large machine", BGE_EN, "",
     AS_POOL_CLS, 1024, 24, 512, 1341, 0},
    {"e5-small-v2", "intfloat/e5-small-v2", "en", "mit",
     "English, small", "query: ", "passage: ",
     AS_POOL_MEAN, 384, 12, 512, 134, 0.77f},
    {"e5-base-v2", "intfloat/e5-base-v2", "en", "mit",
     "English, better and slower", "query: ", "passage: ",
     AS_POOL_MEAN, 768, 12, 512, 438, 0},
    {"multilingual-e5-small", "intfloat/multilingual-e5-small", "zh en and about 100 more", "mit",
     "Chinese and English in one index, on a small machine", "query: ", "passage: ",
     AS_POOL_MEAN, 384, 12, 512, 493, 0},
    {"gte-small", "thenlper/gte-small", "en", "mit",
     "English, small, needs no words before a text", "", "",
     AS_POOL_MEAN, 384, 12, 512, 67, 0},
    {"bge-m3", "BAAI/bge-m3", "zh en and about 100 more", "mit",
     "Chinese and English together, long passages, word weights too; minutes for a long report",
     "", "",
     AS_POOL_CLS, 1024, 24, 8192, 2295, 0},
    {"bge-reranker-v2-m3", "BAAI/bge-reranker-v2-m3", "zh en and about 100 more", "apache-2.0",
     "a reranker: puts found passages in order, and makes no vectors", "", "",
     AS_POOL_UNSET, 0, 24, 8192, 2294, 0},
    {"bert-base-uncased", "google-bert/bert-base-uncased", "en", "apache-2.0",
     "token vectors for detection; not for search", "", "",
     AS_POOL_UNSET, 768, 12, 512, 441, 0},
    {"bert-base-chinese", "google-bert/bert-base-chinese", "zh", "apache-2.0",
     "token vectors for detection; not for search", "", "",
     AS_POOL_UNSET, 768, 12, 512, 412, 0},
};
/* clang-format on */

const as_profile *as_profile_find(as_bytes name)
{
    for (size_t i = 0; i < AS_COUNT(profiles); i++)
        if (as_bytes_eq_nocase(name, as_bytes_of(profiles[i].name)) ||
            as_bytes_eq_nocase(name, as_bytes_of(profiles[i].hub)))
            return &profiles[i];
    return NULL;
}

const as_profile *as_profile_all(size_t *ret_n)
{
    *ret_n = AS_COUNT(profiles);
    return profiles;
}
