#include "reward/expression.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "common/philox.h"
#include "tests/reward/judge.h"

namespace r1zero {
namespace {

// A random expression as a tree, with its value by fractions of its own: no parsing, no reducing.
struct Tree {
  char sign = 0;  // 0: a number
  int64_t number = 0;
  std::unique_ptr<Tree> left, right;
};

std::unique_ptr<Tree> Grow(RandomStream& rng, int leaves) {
  auto tree = std::make_unique<Tree>();
  if (leaves == 1) {
    tree->number = rng.Below(13);
    return tree;
  }
  const int on_left = 1 + static_cast<int>(rng.Below(leaves - 1));
  tree->sign = "+-*/"[rng.Below(4)];
  tree->left = Grow(rng, on_left);
  tree->right = Grow(rng, leaves - on_left);
  return tree;
}

struct Fraction {
  int64_t up, down;  // down 0: undefined
};

Fraction ValueOf(const Tree& tree) {
  if (tree.sign == 0) return {tree.number, 1};
  const auto [a, b] = ValueOf(*tree.left);
  const auto [c, d] = ValueOf(*tree.right);
  if (b == 0 || d == 0) return {0, 0};
  switch (tree.sign) {
    case '+': return {a * d + c * b, b * d};
    case '-': return {a * d - c * b, b * d};
    case '*': return {a * c, b * d};
    default: return {a * d, b * c};
  }
}

bool Binds(const Tree& parent, const Tree& child, bool on_right) {
  if (child.sign == 0) return false;
  const bool product = parent.sign == '*' || parent.sign == '/';
  const bool child_product = child.sign == '*' || child.sign == '/';
  if (product && !child_product) return true;
  return on_right && product == child_product;
}

// With the parentheses that it needs, and now and then with more.
std::string Print(RandomStream& rng, const Tree& tree) {
  if (tree.sign == 0) return std::to_string(tree.number);
  const auto side = [&](const Tree& child, bool on_right) {
    const std::string text = Print(rng, child);
    const bool more = rng.Chance(0.1);
    return Binds(tree, child, on_right) || more ? "(" + text + ")" : text;
  };
  const std::string left = side(*tree.left, false), right = side(*tree.right, true);
  const std::string blank = rng.Chance(0.2) ? " " : "";
  return left + blank + std::string(1, tree.sign) + blank + right;
}

TEST(Expression, AgreesWithABruteForceEvaluatorOnTenThousand) {
  RandomStream rng(1, RandomPurpose::kCorpus);
  int undefined = 0, fractions = 0;
  for (int i = 0; i < 10000; ++i) {
    const auto tree = Grow(rng, 1 + static_cast<int>(rng.Below(6)));
    const std::string text = Print(rng, *tree);
    const Equation equation = ParseEquation(text);
    ASSERT_EQ(equation.fault, "") << text;
    const Value value = Evaluate(equation.postfix);
    const auto [up, down] = ValueOf(*tree);
    if (down == 0) {
      ASSERT_EQ(value.fault, "division_by_zero") << text;
      ++undefined;
      continue;
    }
    ASSERT_EQ(value.fault, "") << text;
    ASSERT_TRUE(value.value.numerator * down == value.value.denominator * up) << text;
    ASSERT_TRUE(value.value.denominator > 0) << text;
    fractions += value.value.denominator != 1;
  }
  EXPECT_GT(undefined, 100);
  EXPECT_GT(fractions, 500);
}

TEST(Expression, OperatorsBindAndGroupAsInSchool) {
  const auto value = [](const char* text) {
    const Value value = Evaluate(ParseEquation(text).postfix);
    return std::pair(static_cast<int64_t>(value.value.numerator),
                     static_cast<int64_t>(value.value.denominator));
  };
  EXPECT_EQ(value("2+3*4"), std::pair(int64_t{14}, int64_t{1}));
  EXPECT_EQ(value("10-4-3"), std::pair(int64_t{3}, int64_t{1}));
  EXPECT_EQ(value("100/10/4"), std::pair(int64_t{5}, int64_t{2}));
  EXPECT_EQ(value("2-5"), std::pair(int64_t{-3}, int64_t{1}));
  EXPECT_EQ(value("1/(2-5)"), std::pair(int64_t{-1}, int64_t{3}));
}

TEST(Expression, ClaimsAndNumbersAreReported) {
  const Equation equation = ParseEquation("(7 - 7)*12 = 0");
  EXPECT_EQ(equation.numbers, (std::vector<int64_t>{7, 7, 12}));
  EXPECT_EQ(equation.claimed, 0);
  EXPECT_EQ(ParseEquation("7").claimed, std::nullopt);
}

// Any byte string is read or refused; and what is built from the right bytes is hit now and then.
TEST(Expression, RandomTextNeverBreaksIt) {
  RandomStream rng(2, RandomPurpose::kCorpus);
  const std::string alphabet("0123456789+-*/()= \xe2\x88\x92\0.x", 25);
  int understood = 0;
  for (int i = 0; i < 50000; ++i) {
    std::string text;
    for (int64_t length = rng.Below(12); length > 0; --length)
      text += alphabet[rng.Below(static_cast<int64_t>(alphabet.size()))];
    const Equation equation = ParseEquation(text);
    if (!equation.fault.empty()) continue;
    ++understood;
    Evaluate(equation.postfix);
  }
  EXPECT_GT(understood, 500);
}

TEST(Rational, SaysWhenItDoesNotFit) {
  const Rational large{Int128{1} << 100, 1}, tiny{1, Int128{1} << 100};
  EXPECT_FALSE(Multiply(large, large).has_value());
  EXPECT_FALSE(Multiply(tiny, tiny).has_value());
  EXPECT_FALSE(Add(large, tiny).has_value());
  EXPECT_FALSE(Divide(large, tiny).has_value());
  EXPECT_TRUE(Divide(large, large) == (Rational{1, 1}));
  EXPECT_TRUE(Subtract(large, large) == (Rational{0, 1}));
}

}  // namespace
}  // namespace r1zero
