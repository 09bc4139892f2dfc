#include "CErrataData.h"

// `#embed` is C23; clang takes it in every mode and warns that it is an extension.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char relations[] = {
#embed "relations.json"
};

const unsigned char *const errata_relations_json = relations;
const size_t errata_relations_json_count = sizeof(relations);
