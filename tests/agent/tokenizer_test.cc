#include "agent/tokenizer.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "agent/prompt.h"
#include "agent/unicode_text.h"
#include "agent/word_splitter.h"
#include "base/error.h"
#include "base/file.h"

namespace deerbench {
namespace {

std::filesystem::path Shipped() {
  return std::filesystem::path(std::getenv("DEERBENCH_SCENES")) / "tokenizer.json";
}

std::vector<std::string> Words(const std::string& text) {
  std::vector<std::string> words;
  for (const std::string_view word : SplitWords(text)) words.emplace_back(word);
  return words;
}

TEST_CASE("Text is cut into words as GPT-2 cuts it") {
  using Strings = std::vector<std::string>;
  CHECK(Words("don't push  the\n\nblock 12 ") ==
        Strings{"don", "'t", " push", " ", " the", "\n", "\n", "block", " 12", " "});
  CHECK(Words("a  ") == Strings{"a", "  "});
  CHECK(Words("'s ... x²_y") == Strings{"'s", " ...", " x", "²", "_", "y"});
  CHECK(Words("").empty());
}

TEST_CASE("Characters are composed and put into canonical order") {
  CHECK(NormaliseNfc("e\u0301") == "é");
  CHECK(NormaliseNfc("q\u0307\u0323") == "q\u0323\u0307");
  CHECK(NormaliseNfc("\u1112\u1161\u11ab") == "한");
  CHECK(NormaliseNfc("\u212b") == "\u00c5");
  CHECK(NormaliseNfc("\u0344") == "\u0308\u0301");  // never composed again
}

TEST_CASE("The shipped vocabulary says every training sentence in few tokens and gives the text back") {
  const Tokenizer tokenizer = Tokenizer::FromFile(Shipped());
  const PromptConfig prompt = PresetConfig("nano").prompt;
  const auto ids = PromptTokens("  push the red block over to the right \nsecond line", tokenizer, prompt);
  CHECK(tokenizer.Decode(ids) == "<image>push the red block over to the right<|endofchunk|>");
  CHECK(ids.size() == 10);
  CHECK(ids.front() == tokenizer.Find("<image>"));
  const std::string odd = "naïve 東京 \x01 '";
  CHECK(tokenizer.Decode(tokenizer.Encode(odd)) == odd);
  CHECK_THROWS_WITH(tokenizer.Encode("ab\xff"), "text is not valid UTF-8 at byte 2");
}

TEST_CASE("The small agent's config is that of the shipped vocabulary") {
  const Tokenizer tokenizer = Tokenizer::FromFile(Shipped());
  AgentConfig config = PresetConfig("nano");
  CHECK_NOTHROW(CheckTokenizer(tokenizer, config.language));
  LanguageConfig fitted = config.language;
  FitToTokenizer(tokenizer, fitted);
  CHECK(fitted.vocab_size == config.language.vocab_size);
  fitted.media_token = 5;
  CHECK_THROWS_AS(CheckTokenizer(tokenizer, fitted), Error);
  fitted = config.language;
  fitted.vocab_size = 300;
  CHECK_THROWS_AS(CheckTokenizer(tokenizer, fitted), Error);
}

TEST_CASE("A special token that the vocabulary alone has is refused where a prompt needs it") {
  const AgentConfig config = PresetConfig("nano");
  // The file with a token moved from the added ones to the vocabulary.
  const auto moved = [](const std::string& token) {
    nlohmann::json json = nlohmann::json::parse(ReadFile(Shipped()));
    nlohmann::json left = nlohmann::json::array();
    for (const nlohmann::json& entry : json["added_tokens"]) {
      if (entry["content"] == token)
        json["model"]["vocab"][token] = entry["id"];
      else
        left.push_back(entry);
    }
    json["added_tokens"] = left;
    return Tokenizer::FromJson(json.dump(), "t.json");
  };
  for (const std::string token : {"<image>", "<|endofchunk|>"}) {
    const Tokenizer tokenizer = moved(token);
    REQUIRE(tokenizer.Find(token).has_value());
    CHECK_THROWS_WITH(
        CheckTokenizer(tokenizer, config.language),
        "t.json: token '" + token + "' is not cut out of a prompt whole, expected it in 'added_tokens'");
  }
  CHECK_NOTHROW(CheckTokenizer(moved("<PAD>"), config.language));  // no prompt has it
  const Tokenizer endless = moved("<|endoftext|>");
  CHECK_NOTHROW(CheckTokenizer(endless, config.language, config.prompt));
  CHECK_THROWS_WITH(CheckTokenizer(endless, config.language, {.end_of_text = true}),
                    Catch::Contains("token '<|endoftext|>' is not cut out of a prompt whole"));
}

TEST_CASE("A long sentence is cut off and the official prompt ends with the end of text") {
  const Tokenizer tokenizer = Tokenizer::FromFile(Shipped());
  PromptConfig prompt{.end_of_text = true, .max_tokens = 32};
  std::string text;
  for (int i = 0; i < 40; ++i) text += "block ";
  CHECK(PromptTokens(text, tokenizer, prompt).size() == 32);
  CHECK(PromptTokens("block", tokenizer, prompt).back() == tokenizer.Find("<|endoftext|>"));
}

TEST_CASE("A file that is no byte-level tokenizer is refused with its name and the field") {
  const auto refusal = [](const nlohmann::json& json) -> std::string {
    try {
      Tokenizer::FromJson(json.dump(), "t.json");
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  };
  const nlohmann::json good = nlohmann::json::parse(ReadFile(Shipped()));
  CHECK(refusal(good) == "accepted");
  nlohmann::json bad = good;
  bad["normalizer"] = {{"type", "Lowercase"}};
  CHECK(refusal(bad) == "t.json: normalizer is {\"type\":\"Lowercase\"}, expected null or NFC");
  bad = good;
  bad.erase("model");
  CHECK(refusal(bad) == "t.json: key 'model' is missing");
  bad = good;
  bad["model"]["merges"].push_back("zzz q");
  CHECK(refusal(bad) == "t.json: a merge needs token 'zzz', which the vocabulary lacks");
  bad = good;
  bad["model"]["merges"][0] = 7;
  CHECK(refusal(bad) == "t.json: merge 0 is 7, expected two tokens");
  bad = good;
  bad["model"]["vocab"]["a"] = -3;
  CHECK(refusal(bad) == "t.json: token 'a' has id -3, expected 0 to 16777215");
  bad = good;
  bad["added_tokens"][1]["id"] = 66;
  CHECK(refusal(bad).starts_with("t.json: added token '<|endofchunk|>' has id 66, which is that of"));
  CHECK_THROWS_WITH(Tokenizer::FromJson("[1", "t.json"),
                    "t.json: not a JSON object, expected a tokenizer.json");
}

}  // namespace
}  // namespace deerbench
