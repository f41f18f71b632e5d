// Compares the query of a DEPLOY statement with what the server keeps of a deployment. Pure.
//
// The server gives the text back in one of three forms: "DEPLOY d … SELECT", "CREATE PROCEDURE d (…) BEGIN SELECT …;
// END;" or the bare query, and it may have reformatted it. Literals must agree to the letter; blanks, comments, the
// case of words, quotes around names, the optional AS and "OVER (w)" for "OVER w" do not count. OPTIONS of DEPLOY are
// not part of the query and therefore not compared.
#pragma once

#include <string>
#include <string_view>

namespace porpoise::openmldb {

// False as well when one of them holds no query.
bool is_same_query(std::string_view deploy_sql, std::string_view server_sql);

// The query inside any of the forms, as written; empty when there is none.
std::string query_of(std::string_view sql);

}  // namespace porpoise::openmldb
