#include "tasks/jinja_eval.h"

#include <utility>

#include "tasks/jinja_calls.h"
#include "tasks/jinja_names.h"
#include "tasks/jinja_operations.h"
#include "tasks/jinja_text.h"

namespace r1zero::jinja {

// An error that leaves here is that of the innermost expression being evaluated: place_ is set
// on the way in, and again when the parts of an expression are done.
Value Evaluator::Evaluate(const Expression& e) {
  const Deeper deeper(*this);
  place_ = e.at;
  return EvaluateAt(e);
}

Value Evaluator::EvaluateAt(const Expression& e) {
  switch (e.op) {
    case Op::kConstant: return e.constant;
    case Op::kName: return Lookup(e.name);
    case Op::kAttribute: {
      const Value value = Evaluate(*e.parts[0]);
      place_ = e.at;
      return Attribute(value, e.name, budget_);
    }
    case Op::kItem: return EvaluateItem(e);
    case Op::kSlice: Fail("a slice stands outside of [ ]");
    case Op::kCall: {
      const Value callee = Evaluate(*e.parts[0]);
      const Arguments arguments = EvaluateArguments(e);
      place_ = e.at;
      return Call(callee, arguments);
    }
    case Op::kMethod: return EvaluateMethod(e);
    case Op::kFilter: return EvaluateFilter(e);
    case Op::kTest: {
      const Value input = Evaluate(*e.parts[0]);
      const Arguments arguments = EvaluateArguments(e);
      place_ = e.at;
      return ApplyTest(e.name, input, arguments, budget_);
    }
    case Op::kNot: return !Evaluate(*e.parts[0]).Truthy();
    case Op::kMinus: return Negative(Evaluate(*e.parts[0]));
    case Op::kPlus: return Arithmetic("+", int64_t{0}, Evaluate(*e.parts[0]), budget_);
    case Op::kAnd:
    case Op::kOr: {
      Value left = Evaluate(*e.parts[0]);
      return left.Truthy() == (e.op == Op::kOr) ? left : Evaluate(*e.parts[1]);
    }
    case Op::kIf:
      if (Evaluate(*e.parts[0]).Truthy()) return Evaluate(*e.parts[1]);
      return e.parts[2] ? Evaluate(*e.parts[2])
                        : UndefinedValue(
                              "the inline if-expression evaluated to false and no "
                              "else section was defined");
    case Op::kBinary: return EvaluateBinary(e);
    case Op::kCompare: return EvaluateCompare(e);
    case Op::kConcat: return EvaluateConcat(e);
    case Op::kList:
    case Op::kTuple: return EvaluateList(e);
    case Op::kDict: return EvaluateDict(e);
  }
  Fail("an expression of no kind");
}

Value Evaluator::Lookup(const std::string& name) {
  for (const Scope* scope = scope_; scope; scope = scope->outer)
    if (const auto found = scope->names.find(name); found != scope->names.end())
      return found->second;
  if (const auto found = variables_.find(name); found != variables_.end()) return found->second;
  if (IsSupported(NameOf::kFunction, name)) return Callable{CallableKind::kGlobal, name};
  return UndefinedValue("'" + name + "' is undefined");
}

Value Evaluator::EvaluateItem(const Expression& e) {
  const Value value = Evaluate(*e.parts[0]);
  if (e.parts[1]->op != Op::kSlice) {
    const Value key = Evaluate(*e.parts[1]);
    place_ = e.at;
    return Item(value, key, budget_);
  }
  Value bounds[3];
  for (int i = 0; i < 3; ++i)
    if (const ExpressionPtr& bound = e.parts[1]->parts[i]) bounds[i] = Evaluate(*bound);
  place_ = e.at;
  return Slice(value, bounds[0], bounds[1], bounds[2], budget_);
}

Arguments Evaluator::EvaluateArguments(const Expression& e) {
  Arguments arguments;
  for (size_t i = 1; i < e.parts.size(); ++i) arguments.positional.push_back(Evaluate(*e.parts[i]));
  for (const auto& [name, value] : e.named) arguments.named.emplace_back(name, Evaluate(*value));
  return arguments;
}

Value Evaluator::EvaluateFilter(const Expression& e) {
  const Value input = e.parts[0] ? Evaluate(*e.parts[0]) : *filter_input_;
  const Arguments arguments = EvaluateArguments(e);
  place_ = e.at;
  return ApplyFilter(e.name, input, arguments, budget_);
}

Value Evaluator::EvaluateMethod(const Expression& e) {
  const Value object = Evaluate(*e.parts[0]);
  place_ = e.at;
  const Value callee = Attribute(object, e.name, budget_);
  const Arguments arguments = EvaluateArguments(e);
  place_ = e.at;
  const auto* callable = std::get_if<std::shared_ptr<const Callable>>(&callee.data());
  if (callable && (*callable)->kind == CallableKind::kMethod)
    return CallMethod(object, e.name, arguments, budget_);
  return Call(callee, arguments);
}

Value Evaluator::EvaluateBinary(const Expression& e) {
  const Value left = Evaluate(*e.parts[0]);
  const Value right = Evaluate(*e.parts[1]);
  place_ = e.at;
  return Arithmetic(e.name, left, right, budget_);
}

// a < b < c is a < b and b < c, and b is evaluated once.
Value Evaluator::EvaluateCompare(const Expression& e) {
  Value left = Evaluate(*e.parts[0]);
  for (size_t i = 0; i < e.names.size(); ++i) {
    Value right = Evaluate(*e.parts[i + 1]);
    place_ = e.at;
    if (!Compare(e.names[i], left, right, budget_)) return false;
    left = std::move(right);
  }
  return true;
}

Value Evaluator::EvaluateConcat(const Expression& e) {
  std::string text;
  for (const ExpressionPtr& part : e.parts) {
    const Value value = Evaluate(*part);
    place_ = e.at;
    text += Printed(value, budget_);
    budget_.CheckText(text.size());
  }
  return MakeText(std::move(text), budget_);
}

Value Evaluator::EvaluateList(const Expression& e) {
  std::vector<Value> items;
  for (const ExpressionPtr& part : e.parts) items.push_back(Evaluate(*part));
  return MakeList(std::move(items), budget_,
                  e.op == Op::kTuple ? ListKind::kTuple : ListKind::kList);
}

Value Evaluator::EvaluateDict(const Expression& e) {
  std::vector<std::pair<Value, Value>> entries;
  for (size_t i = 0; i < e.parts.size(); i += 2) {
    Value key = Evaluate(*e.parts[i]);
    Value value = Evaluate(*e.parts[i + 1]);
    place_ = e.at;
    SetEntry(entries, std::move(key), std::move(value), budget_);
  }
  return MakeDict(std::move(entries), budget_);
}

}  // namespace r1zero::jinja
