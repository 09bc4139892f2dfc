/// The data that the program carries: files embedded as they stand, so that nothing has to be found at run time.
#ifndef CERRATADATA_H
#define CERRATADATA_H

#include <stddef.h>

/// The relations that synthetic training facts are made of: JSON, UTF-8, without a final zero.
extern const unsigned char *const errata_relations_json;
extern const size_t errata_relations_json_count;

#endif
