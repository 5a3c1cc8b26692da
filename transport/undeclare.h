/*  undeclare.h - takes back what declare.h defined */

#undef MESSAGE
#undef FIELD
#undef OPTIONAL
#undef OMITTED
#undef NESTED
#undef MAYBE
#undef LIST
#undef END
#undef OP_ROW
#undef OP_DECLARE_TABLES
#undef OP_DECLARE_LIST
#undef OP_DECLARE_INDEX
