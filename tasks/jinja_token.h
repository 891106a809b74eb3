// One token inside a tag: a name, a number, a string, an operator.
#pragma once

#include "tasks/jinja_lexer.h"

namespace r1zero::jinja {

// The token at `at`, which then stands behind it. Error at what is none.
Token ReadToken(const Source& source, size_t& at);

}  // namespace r1zero::jinja
