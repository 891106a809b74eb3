// What a template says, as a tree.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tasks/jinja_value.h"

namespace r1zero::jinja {

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

enum class Op {
  kConstant,   // constant
  kName,       // name
  kAttribute,  // parts[0].name
  kItem,       // parts[0][parts[1]]
  kSlice,      // parts[0]:parts[1]:parts[2], each may be null; stands only within kItem
  kCall,       // parts[0](parts[1...], named)
  kMethod,     // parts[0].name(parts[1...], named)
  kFilter,     // parts[0] | name(parts[1...], named); parts[0] is null of a block's first filter
  kTest,       // parts[0] is name(parts[1...], named)
  kNot,
  kMinus,
  kPlus,
  kAnd,
  kOr,
  kIf,       // parts[1] if parts[0] else parts[2], which may be null
  kBinary,   // parts[0] name parts[1]
  kCompare,  // parts[0] names[0] parts[1] names[1] parts[2] ...
  kConcat,   // parts[0] ~ parts[1] ~ ...
  kList,
  kTuple,
  kDict,  // key, value, key, value ...
};

struct Expression {
  Op op;
  size_t at;  // byte in the source
  std::string name = {};
  Value constant = {};
  std::vector<ExpressionPtr> parts = {};
  std::vector<std::pair<std::string, ExpressionPtr>> named = {};
  std::vector<std::string> names = {};
  int depth = 1;
};

// What is assigned to: a name, an attribute of a namespace, or several of them.
struct Target {
  size_t at = 0;
  std::string name = {}, attribute = {};
  std::vector<Target> parts = {};
  bool tuple = false;
};

enum class Do {
  kData,         // text
  kOutput,       // value
  kIf,           // branches; other
  kFor,          // target in value if condition: body; other
  kSet,          // target = value
  kSetBlock,     // target = body through value (a chain of filters, or null)
  kFilterBlock,  // body through value
  kWith,         // parameters (names and values): body
  kScope,        // body, in a scope of its own
  kMacro,        // name(parameters): body
  kBreak,
  kContinue,
};

using Block = std::vector<Statement>;

struct Branch;

struct Statement {
  Do what;
  size_t at;
  std::string text = {};
  ExpressionPtr value = {}, condition = {};
  Target target = {};
  Block body = {}, other = {};
  std::vector<Branch> branches = {};
  std::vector<std::pair<std::string, ExpressionPtr>> parameters = {};  // a default may be null
};

struct Branch {
  ExpressionPtr condition;
  Block body;
};

}  // namespace r1zero::jinja
