#include "sim/scene/mesh_io.h"

#include <catch2/catch.hpp>
#include <cstring>

#include "base/error.h"
#include "sim/scene/obj_file.h"
#include "sim/scene/primitive_mesh.h"
#include "sim/scene/stl_file.h"
#include "tests/scene/temp_folder.h"

namespace deerbench {
namespace {

using Catch::Contains;
using test::TempFolder;

constexpr const char* kQuad =
    "v 0 0 0\nv 2 0 0\nv 2 1 0\nv 0 1 0\n"
    "o first\nf 1 2 3 4\n";

std::string BinaryStl(uint32_t announced, const std::vector<std::array<float, 12>>& triangles) {
  std::string bytes(80, ' ');
  bytes.replace(0, 5, "solid");  // a binary file may begin like a text file
  bytes.append(reinterpret_cast<const char*>(&announced), 4);
  for (const auto& triangle : triangles) {
    bytes.append(reinterpret_cast<const char*>(triangle.data()), sizeof(triangle));
    bytes.append(2, '\0');
  }
  return bytes;
}

TEST_CASE("An OBJ polygon becomes a fan of triangles around its first corner") {
  const TempFolder folder;
  const auto pieces = LoadConvexPieces(folder.Write("a.obj", kQuad), {1, 1, 1});
  REQUIRE(pieces.size() == 1);
  const std::vector<Vec3> expected = {{0, 0, 0}, {2, 0, 0}, {2, 1, 0}, {0, 0, 0}, {2, 1, 0}, {0, 1, 0}};
  CHECK(pieces[0] == expected);
}

TEST_CASE("Objects and groups of an OBJ are separate convex pieces in file order, empty ones left out") {
  const TempFolder folder;
  const auto file = folder.Write("a.obj",
                                 "o empty\nv 0 0 0\nv 1 0 0\nv 0 1 0\nv 5 5 5\n"
                                 "o one\nf 1 2 3\ng two\nf 2 3 4\nf -1 -2 -3\n");
  const auto pieces = LoadConvexPieces(file, {1, 1, 1});
  REQUIRE(pieces.size() == 2);
  CHECK(pieces[0].size() == 3);
  CHECK(pieces[1] == std::vector<Vec3>{{1, 0, 0}, {0, 1, 0}, {5, 5, 5}, {5, 5, 5}, {0, 1, 0}, {1, 0, 0}});
}

TEST_CASE("Collision points are rounded to single precision first and scaled in double precision after") {
  const TempFolder folder;
  const auto file = folder.Write("a.obj", "v 0.1 0.2 0.3\r\nv 1 0 0\r\nv 0 1 0\r\nf 1/2/3 2 3\r\n");
  CHECK_THROWS_WITH(LoadConvexPieces(file, {1, 1, 1}), Contains("line 4") && Contains("'2'"));  // no such uv
  const auto good = folder.Write("b.obj", "v 0.1 0.2 0.3\r\nv 1 0 0\r\nv 0 1 0\r\nf 1 2 3\r\n");
  const Vec3 p = LoadConvexPieces(good, {0.8, 0.8, 0.7})[0][0];
  CHECK(p == Vec3{0.1f * 0.8, 0.2f * 0.8, 0.3f * 0.7});
  CHECK(p.x != 0.1 * 0.8);
}

TEST_CASE("A visual OBJ shares equal vertices, keeps normals and uvs, and computes missing normals") {
  const TempFolder folder;
  const TriangleMesh flat = LoadVisualMesh(folder.Write("a.obj", kQuad)).mesh;
  CHECK(flat.positions.size() == 4);
  CHECK(flat.indices.size() == 6);
  CHECK(flat.uvs.empty());
  for (const Float3& n : flat.normals) CHECK((n.x == 0 && n.y == 0 && n.z == 1));
  const auto file = folder.Write("b.obj",
                                 "v 0 0 0\nv 1 0 0\nv 0 1 0\nvn 0 3 4\nvt 0.25 0.75\n"
                                 "f 1/1/1 2/1/1 3/1/1\nf 1//1 1//1 2//1\n");
  const TriangleMesh mesh = LoadVisualMesh(file).mesh;
  CHECK(mesh.indices.size() == 3);  // the second triangle has no area
  REQUIRE(mesh.uvs.size() == 3);
  CHECK(mesh.uvs[0].v == 0.75f);
  CHECK(mesh.normals[0].y == Approx(0.6));
  CHECK(mesh.normals[0].z == Approx(0.8));
}

TEST_CASE("The texture of a visual OBJ is the first that one of its materials names") {
  const TempFolder folder;
  folder.Write(
      "meshes/a.mtl",
      "# two materials\nnewmtl plain\nKd 1 0.5 0\nnewmtl wood\n  Kd 1 1 1\n  map_Kd ../my wood.png \n");
  const auto file = folder.Write(
      "meshes/a.obj",
      "mtllib a.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nusemtl plain\nf 1 2 3\no b\nusemtl wood\nf 3 2 1\n");
  const ObjFile obj = ReadObj(file);
  REQUIRE(obj.objects.size() == 2);
  CHECK(obj.objects[0].material->diffuse[1] == 0.5f);
  CHECK(obj.objects[0].material->diffuse_texture.empty());
  CHECK(LoadVisualMesh(file).texture == folder.path() / "meshes/../my wood.png");
}

TEST_CASE("A texture's name is a file name, and many objects of one material hold it once") {
  const TempFolder folder;
  const std::string name(4096, 'x'), faces = "mtllib a.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nusemtl wood\n";
  folder.Write("a.mtl", "newmtl wood\nmap_Kd " + name + "\n");
  const auto file =
      folder.Write("a.obj", faces + "f 1 2 3\no b\nf 1 2 3\no c\nmtllib a.mtl\nusemtl wood\nf 1 2 3\n");
  const ObjFile obj = ReadObj(file);
  REQUIRE(obj.objects.size() == 3);
  CHECK(obj.objects[0].material->diffuse_texture == name);
  for (const ObjObject& object : obj.objects) CHECK(object.material == obj.objects[0].material);
  CHECK(obj.objects[2].name == "c");
  folder.Write("a.mtl", "newmtl wood\nmap_Kd " + name + "x\n");
  CHECK_THROWS_WITH(ReadObj(file), Contains("a.mtl line 2: `map_Kd` has 'xxx") &&
                                       Contains("expected a file name of at most 4096 bytes"));
}

TEST_CASE("An OBJ whose MTL file is missing still loads, without texture") {
  const TempFolder folder;
  const auto file = folder.Write("a.obj", std::string("mtllib nowhere.mtl\nusemtl x\n") + kQuad);
  CHECK(LoadVisualMesh(file).texture.empty());
}

TEST_CASE("Binary and text STL files give the same triangles") {
  const TempFolder folder;
  const auto binary = folder.Write(
      "a.STL", BinaryStl(2, {{0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0}, {0, 0, 0, 0, 0, 1, 1, 0, 1, 0, 1, 1}}));
  const auto text =
      folder.Write("b.stl",
                   "solid x\n facet normal 0 0 1\n  outer loop\n   vertex 0 0 0\n   vertex 1 0 0\n"
                   "   vertex 0 1 0\n  endloop\n endfacet\n facet normal 0 0 0\n  outer loop\n"
                   "   vertex 0 0 1\n   vertex 1 0 1\n   vertex 0 1 1\n  endloop\n endfacet\nendsolid\n");
  const auto pieces = LoadConvexPieces(binary, {1, 1, 1});
  REQUIRE(pieces.size() == 1);
  CHECK(pieces[0].size() == 6);
  CHECK(pieces == LoadConvexPieces(text, {1, 1, 1}));
  const TriangleMesh mesh = LoadVisualMesh(text).mesh;
  for (const Float3& n : mesh.normals) CHECK(n.z == 1);  // zero normals are computed
  CHECK(LoadTriangles(binary, {2, 2, 2}).at(1).at(2) == Vec3{0, 2, 2});
}

TEST_CASE("Broken mesh files are errors that name the file and the place") {
  const TempFolder folder;
  const auto obj_error = [&](const std::string& text) { return folder.Write("bad.obj", text); };
  CHECK_THROWS_WITH(LoadVisualMesh(folder.path() / "none.obj"), Contains("none.obj"));
  CHECK_THROWS_WITH(ReadObj(obj_error("v 0 0\n")), Contains("bad.obj line 1"));
  CHECK_THROWS_WITH(ReadObj(obj_error("v 0 0 1x\n")), Contains("1x"));
  CHECK_THROWS_WITH(ReadObj(obj_error("v 0 0 nan\n")), Contains("nan"));
  CHECK_THROWS_WITH(ReadObj(obj_error("v 0 0 1e300\n")), Contains("1e300"));
  CHECK_THROWS_WITH(ReadObj(obj_error("v 0 0 0\nf 1 1 2\n")), Contains("line 2") && Contains("'2'"));
  CHECK_THROWS_WITH(ReadObj(obj_error("v 0 0 0\nf 1 1 0\n")), Contains("'0'"));
  CHECK_THROWS_WITH(ReadObj(obj_error("v 0 0 0\nf 1 1 -2\n")), Contains("'-2'"));
  CHECK_THROWS_WITH(ReadObj(obj_error("v 0 0 0\nf 1 1\n")), Contains("at least 3"));
  CHECK_THROWS_WITH(ReadObj(obj_error("v 0 0 0\n")), Contains("no faces"));
  CHECK_THROWS_WITH(LoadVisualMesh(obj_error("v 0 0 0\nf 1 1 1\n")), Contains("without area"));
  CHECK_THROWS_WITH(LoadVisualMesh(folder.Write("a.dae", "x")), Contains(".dae"));
  CHECK_THROWS_WITH(ReadStl(folder.Write("bad.stl", "hello")), Contains("bad.stl"));
  CHECK_THROWS_WITH(ReadStl(folder.Write("bad.stl", "solid\nfacet normal 0 0\n")), Contains("line 2"));
  CHECK_THROWS_WITH(ReadStl(folder.Write("bad.stl", "solid\nfacet normal 0 0 1\nvertex 0 0 0\nendfacet\n")),
                    Contains("1 corners"));
  CHECK_THROWS_WITH(ReadStl(folder.Write("bad.stl", "solid\nendsolid\n")), Contains("no triangles"));
}

TEST_CASE("An STL header that announces more triangles than the file holds is refused") {
  const TempFolder folder;
  std::string bytes = BinaryStl(4'000'000'000u, {{0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0}});
  bytes[0] = 'x';
  CHECK_THROWS_WITH(ReadStl(folder.Write("a.stl", bytes)), Contains("4000000000"));
}

TEST_CASE("Primitive meshes are closed, wound outwards and of the right size") {
  const auto volume = [](const TriangleMesh& mesh) {
    double six_volumes = 0;
    for (size_t i = 0; i < mesh.indices.size(); i += 3) {
      Vec3 p[3];
      for (size_t c = 0; c < 3; ++c) {
        const Float3& v = mesh.positions[mesh.indices[i + c]];
        p[c] = {v.x, v.y, v.z};
      }
      six_volumes += Dot(p[0], Cross(p[1], p[2]));
    }
    return six_volumes / 6;
  };
  CHECK(volume(BoxMesh(1, 2, 3, PrimitiveShading::kFlat)) == Approx(6));
  CHECK(volume(BoxMesh(1, 2, 3, PrimitiveShading::kRadial)) == Approx(6));
  CHECK(BoxMesh(1, 2, 3, PrimitiveShading::kFlat).positions.size() == 24);
  const double disc = 16 * std::sin(2 * 3.14159265358979 / 32);  // polygon of 32 corners
  CHECK(volume(CylinderMesh(1, 2, PrimitiveShading::kFlat)) == Approx(2 * disc));
  CHECK(volume(SphereMesh(1)) == Approx(4.18879).epsilon(0.02));
  CHECK(volume(CapsuleMesh(1, 2)) == Approx(volume(SphereMesh(1)) + 2 * disc));
}

}  // namespace
}  // namespace deerbench
