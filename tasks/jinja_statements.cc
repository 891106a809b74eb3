#include <utility>

#include "tasks/jinja_eval.h"
#include "tasks/jinja_operations.h"

namespace r1zero::jinja {

std::string Evaluator::Render(const Block& block) {
  std::string out;
  out_ = &out;
  Scope scope;
  root_ = &scope;
  const Entered entered(*this, scope, nullptr);
  Execute(block);
  return out;
}

void Evaluator::Write(std::string_view text) {
  Require(out_->size() + text.size() <= limits_.output_bytes, "more than ", limits_.output_bytes,
          " bytes of text, the limit");
  *out_ += text;
}

Evaluator::Flow Evaluator::Execute(const Block& block) {
  for (const Statement& statement : block)
    if (const Flow flow = Execute(statement); flow != Flow::kOn) return flow;
  return Flow::kOn;
}

Evaluator::Flow Evaluator::Execute(const Statement& statement) {
  const Deeper deeper(*this);
  place_ = statement.at;
  switch (statement.what) {
    case Do::kData:
      budget_.SpendText(statement.text.size());
      Write(statement.text);
      break;
    case Do::kOutput: Write(Printed(Evaluate(*statement.value), budget_)); break;
    case Do::kIf: return ExecuteIf(statement);
    case Do::kFor: return ExecuteFor(statement);
    case Do::kSet: ExecuteSet(statement); break;
    case Do::kSetBlock: Assign(statement.target, Captured(statement.body, statement.value)); break;
    case Do::kFilterBlock:
      Write(Printed(Captured(statement.body, statement.value), budget_));
      break;
    case Do::kScope: {
      Scope scope;
      const Entered entered(*this, scope, scope_);
      return Execute(statement.body);
    }
    case Do::kWith: return ExecuteWith(statement);
    case Do::kMacro:
      scope_->names[statement.text] = Callable{CallableKind::kMacro, statement.text, &statement};
      break;
    case Do::kBreak: return Flow::kBreak;
    case Do::kContinue: return Flow::kContinue;
  }
  return Flow::kOn;
}

Evaluator::Flow Evaluator::ExecuteIf(const Statement& statement) {
  for (const Branch& branch : statement.branches)
    if (Evaluate(*branch.condition).Truthy()) return Execute(branch.body);
  return Execute(statement.other);
}

// What the loop goes through, less what its condition leaves out.
std::shared_ptr<const List> Evaluator::LoopItems(const Statement& statement) {
  const Value value = Evaluate(*statement.value);
  place_ = statement.value->at;
  auto items = Items(value, budget_);
  if (!statement.condition) return items;
  std::vector<Value> kept;
  for (const Value& item : items->items) {
    Scope scope;
    const Entered entered(*this, scope, scope_);
    Assign(statement.target, item);
    if (Evaluate(*statement.condition).Truthy()) kept.push_back(item);
  }
  return MakeList(std::move(kept), budget_).As<std::shared_ptr<const List>>();
}

Evaluator::Flow Evaluator::ExecuteFor(const Statement& statement) {
  auto items = LoopItems(statement);
  if (!items->items.empty()) return ExecuteLoop(statement, std::move(items));
  Scope scope;
  const Entered entered(*this, scope, scope_);
  return Execute(statement.other);
}

// Every iteration has a scope of its own: what it sets is gone after it.
Evaluator::Flow Evaluator::ExecuteLoop(const Statement& statement,
                                       std::shared_ptr<const List> items) {
  for (size_t i = 0; i < items->items.size(); ++i) {
    budget_.Spend(1);
    Scope scope;
    const Entered entered(*this, scope, scope_);
    scope.names["loop"] = Value(Loop{items, i});
    Assign(statement.target, items->items[i]);
    if (Execute(statement.body) == Flow::kBreak) break;
  }
  return Flow::kOn;
}

Evaluator::Flow Evaluator::ExecuteWith(const Statement& statement) {
  Scope scope;
  for (const auto& [name, value] : statement.parameters) scope.names[name] = Evaluate(*value);
  const Entered entered(*this, scope, scope_);
  return Execute(statement.body);
}

void Evaluator::ExecuteSet(const Statement& statement) {
  Assign(statement.target, Evaluate(*statement.value));
}

void Evaluator::Assign(const Target& target, const Value& value) {
  place_ = target.at;
  if (target.tuple)
    AssignParts(target, value);
  else if (!target.attribute.empty())
    AssignAttribute(target, value);
  else
    scope_->names[target.name] = value;
}

void Evaluator::AssignAttribute(const Target& target, const Value& value) {
  const Value held = Lookup(target.name);
  Require(held.Is<Namespace*>(), "'", target.name, "' is a '", held.TypeName(),
          "', expected a namespace: only its attributes can be set");
  Require(!target.attribute.starts_with('_'), "the attribute '", target.attribute,
          "' begins with '_', expected another name");
  auto& attributes = held.As<Namespace*>()->attributes;
  budget_.Spend(static_cast<int64_t>(attributes.size() / 16));
  for (auto& [name, old] : attributes)
    if (name == target.attribute) {
      old = value;
      return;
    }
  attributes.emplace_back(target.attribute, value);
}

void Evaluator::AssignParts(const Target& target, const Value& value) {
  const auto items = Items(value, budget_);
  Require(items->items.size() == target.parts.size(), "found ", items->items.size(),
          " values, expected ", target.parts.size(), " to assign");
  for (size_t i = 0; i < target.parts.size(); ++i) Assign(target.parts[i], items->items[i]);
}

// What the body writes, through the filters.
Value Evaluator::Captured(const Block& body, const ExpressionPtr& filters) {
  std::string text;
  std::string* const outside = std::exchange(out_, &text);
  Scope scope;
  const Entered entered(*this, scope, scope_);
  Execute(body);
  out_ = outside;
  const Value captured = MakeText(std::move(text), budget_);
  if (!filters) return captured;
  const Value* const before = std::exchange(filter_input_, &captured);
  Value filtered = Evaluate(*filters);
  filter_input_ = before;
  return filtered;
}

}  // namespace r1zero::jinja
