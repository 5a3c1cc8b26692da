#include "store/records.h"

#define OP_DECLARE_TABLES
#include "transport/declare.h"

#include "store/records.def"

#include "transport/undeclare.h"

#define MESSAGE(name, number, doc) &op_##name##_type,
#define FIELD(name, kind, field, max, doc)
#define OPTIONAL(name, kind, field, max, doc)
#define OMITTED(name, kind, field, max, doc)
#define NESTED(name, item, field, doc)
#define MAYBE(name, item, field, doc)
#define LIST(name, item, field, max, doc)
#define END(name)
static const op_type_t *const s_types[] = {
#include "store/records.def"
};
#include "transport/undeclare.h"

const op_type_t *const *op_record_types(size_t *count)
{
    *count = OP_COUNT(s_types);
    return s_types;
}
