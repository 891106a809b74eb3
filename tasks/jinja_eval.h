// Renders a parsed template.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>

#include "tasks/jinja_arguments.h"
#include "tasks/jinja_ast.h"

namespace r1zero::jinja {

// One rendering; used once.
class Evaluator {
 public:
  Evaluator(const TemplateLimits& limits, std::map<std::string, Value> variables, Budget& budget)
      : limits_(limits), variables_(std::move(variables)), budget_(budget) {}

  // Errors carry no place; place() is that of the statement or expression that failed.
  std::string Render(const Block& block);
  size_t place() const { return place_; }

 private:
  // Names set at one level of the template. Lives on the stack of the statement that opens it.
  struct Scope {
    std::map<std::string, Value, std::less<>> names;
    Scope* outer = nullptr;
  };
  class Entered;  // makes a scope the innermost one for a while
  class Deeper;   // counts recursion
  enum class Flow { kOn, kBreak, kContinue };

  // Statements (jinja_statements.cc).
  Flow Execute(const Block& block);
  Flow Execute(const Statement& statement);
  Flow ExecuteIf(const Statement& statement);
  Flow ExecuteFor(const Statement& statement);
  Flow ExecuteLoop(const Statement& statement, std::shared_ptr<const List> items);
  Flow ExecuteWith(const Statement& statement);
  std::shared_ptr<const List> LoopItems(const Statement& statement);
  void ExecuteSet(const Statement& statement);
  void Assign(const Target& target, const Value& value);
  void AssignAttribute(const Target& target, const Value& value);
  void AssignParts(const Target& target, const Value& value);
  Value Captured(const Block& body, const ExpressionPtr& filters);
  void Write(std::string_view text);

  // Expressions (jinja_eval.cc).
  Value Evaluate(const Expression& e);
  Value EvaluateAt(const Expression& e);
  Value Lookup(const std::string& name);
  Value EvaluateItem(const Expression& e);
  Value EvaluateFilter(const Expression& e);
  Value EvaluateCompare(const Expression& e);
  Value EvaluateConcat(const Expression& e);
  Value EvaluateBinary(const Expression& e);
  Value EvaluateList(const Expression& e);
  Value EvaluateDict(const Expression& e);
  Value EvaluateMethod(const Expression& e);
  Arguments EvaluateArguments(const Expression& e);

  // Calls (jinja_functions.cc).
  Value Call(const Value& callee, const Arguments& arguments);
  Value CallMacro(const Statement& macro, const Arguments& arguments);
  Value CallGlobal(std::string_view name, const Arguments& arguments);
  Value Range(const Arguments& arguments);
  Value MakeNamespace(const Arguments& arguments);
  Value DictOf(const Arguments& arguments);
  Value StrftimeNow(const Arguments& arguments);

  const TemplateLimits& limits_;
  const std::map<std::string, Value> variables_;
  Budget& budget_;
  std::deque<Namespace> namespaces_;  // of this rendering: values point here
  Scope* scope_ = nullptr;
  Scope* root_ = nullptr;
  std::string* out_ = nullptr;
  const Value* filter_input_ = nullptr;  // what a block gives to its first filter
  size_t place_ = 0;
  int depth_ = 0;
};

class Evaluator::Entered {
 public:
  Entered(Evaluator& evaluator, Scope& scope, Scope* outer)
      : evaluator_(evaluator), before_(evaluator.scope_) {
    scope.outer = outer;
    evaluator.scope_ = &scope;
  }
  ~Entered() { evaluator_.scope_ = before_; }
  Entered(const Entered&) = delete;
  Entered& operator=(const Entered&) = delete;

 private:
  Evaluator& evaluator_;
  Scope* before_;
};

class Evaluator::Deeper {
 public:
  explicit Deeper(Evaluator& evaluator) : evaluator_(evaluator) {
    evaluator_.budget_.Spend(1);
    Require(++evaluator_.depth_ <= evaluator_.limits_.recursion, "recursion deeper than ",
            evaluator_.limits_.recursion, ", the limit");
  }
  ~Deeper() { --evaluator_.depth_; }
  Deeper(const Deeper&) = delete;
  Deeper& operator=(const Deeper&) = delete;

 private:
  Evaluator& evaluator_;
};

}  // namespace r1zero::jinja
