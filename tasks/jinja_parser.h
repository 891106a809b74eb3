// Tokens to a tree: Jinja's grammar, less what docs/chat-templates.md leaves out. What is left out
// is refused by name, with line and column.
#pragma once

#include "tasks/jinja_ast.h"
#include "tasks/jinja_lexer.h"

namespace r1zero::jinja {

Block Parse(const Source& source, const TemplateLimits& limits);

}  // namespace r1zero::jinja
