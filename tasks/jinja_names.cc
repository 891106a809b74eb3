#include "tasks/jinja_names.h"

#include <algorithm>
#include <vector>

#include "common/config.h"

namespace r1zero::jinja {
namespace {

struct Names {
  const char* noun;
  std::vector<std::string> all;
};

const Names& NamesOf(NameOf what) {
  static const Names kNames[] = {
      {"filter", {"abs",        "attr",   "capitalize", "count",   "d",       "default", "dictsort",
                  "e",          "escape", "first",      "float",   "indent",  "int",     "items",
                  "join",       "last",   "length",     "list",    "lower",   "map",     "max",
                  "min",        "reject", "rejectattr", "replace", "reverse", "safe",    "select",
                  "selectattr", "sort",   "string",     "sum",     "title",   "tojson",  "trim",
                  "unique",     "upper"}},
      {"test", {"!=",       "<",        "<=",          "==",     ">",       ">=",        "boolean",
                "callable", "defined",  "divisibleby", "eq",     "equalto", "even",      "false",
                "float",    "ge",       "greaterthan", "gt",     "in",      "integer",   "iterable",
                "le",       "lessthan", "lower",       "lt",     "mapping", "ne",        "none",
                "number",   "odd",      "sequence",    "string", "true",    "undefined", "upper"}},
      {"method",
       {"capitalize",   "count",        "cycle",   "endswith", "find",   "get",    "index",
        "isalpha",      "isdigit",      "items",   "join",     "keys",   "lower",  "lstrip",
        "removeprefix", "removesuffix", "replace", "rfind",    "rsplit", "rstrip", "split",
        "splitlines",   "startswith",   "strip",   "title",    "upper",  "values"}},
      {"function", {"dict", "namespace", "raise_exception", "range", "strftime_now"}},
  };
  return kNames[static_cast<int>(what)];
}

}  // namespace

bool IsSupported(NameOf what, std::string_view name) {
  return std::ranges::find(NamesOf(what).all, name) != NamesOf(what).all.end();
}

std::string NotSupported(NameOf what, std::string_view name) {
  const Names& names = NamesOf(what);
  std::string fault =
      std::string("the ") + names.noun + " '" + std::string(name) + "' is not supported";
  const auto nearest = NearestName(name, names.all);
  if (nearest) fault += "; did you mean '" + *nearest + "'?";
  fault += nearest ? " Supported are" : "; supported are";
  for (const std::string& one : names.all) fault += " " + one;
  return fault;
}

}  // namespace r1zero::jinja
