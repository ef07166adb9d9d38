// For tokenizer_parity.py: tokenizer_driver TOKENIZER.json < lines of JSON strings > lines of JSON lists of
// ids.
#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/tokenizer.h"
#include "base/error.h"

int main(int argc, char** argv) try {
  if (argc != 2) throw deerbench::Error("expected one argument, a tokenizer.json");
  const auto tokenizer = deerbench::Tokenizer::FromFile(argv[1]);
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << nlohmann::json(tokenizer.Encode(nlohmann::json::parse(line).get<std::string>())) << '\n';
  }
  return 0;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 2;
}
