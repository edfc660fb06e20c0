#ifndef C_EXTENDED_ATTRIBUTES_SHIM_H
#define C_EXTENDED_ATTRIBUTES_SHIM_H

/* The module Glibc leaves this header out. */
#include <sys/xattr.h>

#endif
