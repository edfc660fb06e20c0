#ifndef C_JANSSON_SHIM_H
#define C_JANSSON_SHIM_H

#include <jansson.h>
#include <malloc.h>

static inline json_type CJansson_json_typeof(const json_t *json) { return json_typeof(json); }
static inline void CJansson_json_decref(json_t *json) { json_decref(json); }
static inline int CJansson_json_is_true(const json_t *json) { return json_is_true(json); }

/* <malloc.h> is in no Swift module. */
static inline size_t CJansson_usable_size(void *memory) { return malloc_usable_size(memory); }

#endif
