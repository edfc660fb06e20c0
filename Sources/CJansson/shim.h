#ifndef C_JANSSON_SHIM_H
#define C_JANSSON_SHIM_H

#include <jansson.h>

#endif
