#include "store/records.h"

#define OP_DECLARE_TABLES
#include "transport/declare.h"

#include "store/records.def"

#include "transport/undeclare.h"

static const op_type_t *const s_types[] = {
#define OP_DECLARE_LIST
#include "transport/declare.h"

#include "store/records.def"

#include "transport/undeclare.h"
};

const op_type_t *const *op_record_types(size_t *count)
{
    *count = OP_COUNT(s_types);
    return s_types;
}
