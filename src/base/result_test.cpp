#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace bdaas {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return fail(ErrorKind::invalid_argument, "{} is odd", number);
  return number / 2;
}

Result<int> quarter(int number) {
  BDAAS_ASSIGN(const int once, half(number));
  BDAAS_ASSIGN(const int twice, half(once));
  return twice;
}

Result<> check_quarter(int number) {
  BDAAS_TRY(quarter(number).ok() ? Result<>() : half(number / 2).error());
  return Ok{};
}

TEST(ResultTest, CarriesAValueOrAnError) {
  EXPECT_TRUE(half(4).ok());
  EXPECT_EQ(*half(4), 2);
  EXPECT_EQ(half(3).value_or(-1), -1);
  EXPECT_EQ(half(3).error().kind, ErrorKind::invalid_argument);
  EXPECT_EQ(half(3).error().message, "3 is odd");
}

TEST(ResultTest, MacrosLeaveWithTheError) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().message, "3 is odd");
  EXPECT_TRUE(check_quarter(8).ok());
  EXPECT_EQ(check_quarter(6).error().message, "3 is odd");
}

TEST(ResultTest, ContextIsPrepended) {
  auto failed = half(3).context("node n-2").context("cannot start cluster c-7");
  EXPECT_EQ(failed.error().message, "cannot start cluster c-7: node n-2: 3 is odd");
  EXPECT_EQ(failed.error().kind, ErrorKind::invalid_argument);
  EXPECT_EQ(half(2).context("never seen").value(), 1);
  EXPECT_TRUE(Result<>().context("never seen").ok());
}

TEST(ResultTest, HoldsWhatOnlyMoves) {
  Result<std::unique_ptr<int>> made = std::make_unique<int>(5);
  const std::unique_ptr<int> taken = std::move(made).value();
  EXPECT_EQ(*taken, 5);
}

TEST(ErrorKinds, EveryOneHasItsOwnText) {
  const auto table = enum_table(ErrorKind{});
  EXPECT_EQ(table.size(), static_cast<std::size_t>(ErrorKind::internal) + 1);
  for (const auto& row : table) EXPECT_EQ(from_text<ErrorKind>(row.text), row.value);
}

}  // namespace
}  // namespace bdaas
