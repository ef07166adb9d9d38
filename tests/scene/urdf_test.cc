#include "sim/scene/urdf.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "base/error.h"
#include "sim/scene/forward_kinematics.h"
#include "tests/scene/temp_folder.h"

namespace deerbench {
namespace {

using Catch::Contains;
using test::TempFolder;

struct Loaded {
  VisualModel visual;
  BodyDescription body;
};

Loaded Load(const std::filesystem::path& file, const UrdfOptions& options = {}) {
  Loaded out;
  VisualLibrary library(out.visual);
  out.body = LoadUrdf(file, options, library);
  return out;
}

Loaded LoadText(const std::string& inside, const UrdfOptions& options = {}) {
  const TempFolder folder;
  return Load(folder.Write("a.urdf", "<robot name='r'>" + inside + "</robot>"), options);
}

std::string Link(const std::string& name, const std::string& inside = "") {
  return "<link name='" + name + "'><inertial><mass value='2'/></inertial>" + inside + "</link>";
}

std::string Joint(const std::string& name, const std::string& type, const std::string& parent,
                  const std::string& child, const std::string& inside = "") {
  return "<joint name='" + name + "' type='" + type + "'><parent link='" + parent + "'/><child link='" +
         child + "'/>" + inside + "</joint>";
}

TEST_CASE("Links are numbered depth first, children in the order of the joints") {
  const Loaded loaded = LoadText(Link("d") + Link("c") + Link("b") + Link("a") + Link("root") +
                                 Joint("1", "fixed", "root", "a") + Joint("2", "fixed", "root", "b") +
                                 Joint("3", "fixed", "a", "d") + Joint("4", "fixed", "a", "c"));
  std::vector<std::string> names;
  std::vector<int> parents;
  for (const LinkDescription& link : loaded.body.links) {
    names.push_back(link.name);
    parents.push_back(link.parent);
  }
  CHECK(names == std::vector<std::string>{"root", "a", "d", "c", "b"});
  CHECK(parents == std::vector<int>{-1, 0, 1, 1, 0});
}

TEST_CASE("Global scaling scales geometry, origins and prismatic limits, not angles and masses") {
  const std::string text =
      Link("a", "<collision><origin xyz='0 1 0'/><geometry><box size='1 2 3'/></geometry></collision>") +
      Link("b", "<collision><geometry><sphere radius='2'/></geometry></collision>") + Link("c") +
      Joint("p", "prismatic", "a", "b", "<origin xyz='1 0 0'/><limit lower='-1' upper='0.025'/>") +
      Joint("r", "revolute", "a", "c", "<axis xyz='0 1 0'/><limit lower='-1' upper='2'/>");
  UrdfOptions options;
  options.global_scaling = 0.8;
  const BodyDescription body = LoadText(text, options).body;
  CHECK(body.links[0].collisions[0].half_extents == Vec3{0.8 * 1 * 0.5, 0.8 * 2 * 0.5, 0.8 * 3 * 0.5});
  CHECK(body.links[0].collisions[0].X_LC.p == Vec3{0, 0.8, 0});
  CHECK(body.links[0].mass == 2);
  CHECK(body.links[1].joint.X_PJ.p == Vec3{0.8, 0, 0});
  CHECK(body.links[1].joint.upper == 0.8 * 0.025);
  CHECK(body.links[1].joint.axis == Vec3{1, 0, 0});  // URDF's default
  CHECK(body.links[1].collisions[0].radius == 1.6);
  CHECK(body.links[2].joint.lower == -1);
  CHECK(body.links[2].joint.upper == 2);
}

TEST_CASE("A base without mass is fixed, as is one that is told to be") {
  CHECK_FALSE(LoadText(Link("a")).body.fixed_base);
  CHECK(LoadText("<link name='a'><inertial><mass value='0'/></inertial></link>").body.fixed_base);
  UrdfOptions options;
  options.fixed_base = true;
  const BodyDescription body = LoadText(Link("a"), options).body;
  CHECK(body.fixed_base);
  CHECK(body.links[0].mass == 0);
}

TEST_CASE("A link without inertial has PyBullet's mass of 1, unless it is the world") {
  CHECK(LoadText("<link name='a'/>").body.links[0].mass == 1);
  CHECK(LoadText("<link name='world'/>").body.links[0].mass == 0);
}

TEST_CASE("Contact values are read and default to PyBullet's") {
  const BodyDescription body =
      LoadText(Link("a") +
               Link("b",
                    "<contact><friction_anchor/><stiffness value='30000'/><damping value='1000'/>"
                    "<spinning_friction value='.1'/><lateral_friction value='1.0'/></contact>") +
               Joint("j", "fixed", "a", "b"))
          .body;
  CHECK(body.links[0].contact.lateral_friction == 0.5);
  CHECK(body.links[0].contact.stiffness == -1);
  CHECK_FALSE(body.links[0].contact.friction_anchor);
  const ContactProperties& contact = body.links[1].contact;
  CHECK(contact.friction_anchor);
  CHECK(contact.stiffness == 30000);
  CHECK(contact.damping == 1000);
  CHECK(contact.spinning_friction == 0.1);
  CHECK(contact.lateral_friction == 1);
}

TEST_CASE("A material defined within a visual wins over a global one of its name, for every visual") {
  const std::string box = "<geometry><box size='1 1 1'/></geometry>";
  const Loaded loaded = LoadText(
      "<material name='m'><color rgba='1 0 0 1'/></material><material name='m'><color rgba='0 1 0 "
      "1'/></material>"
      "<material name='n'><color rgba='0 0 1 1'/></material>" +
      Link("a", "<visual>" + box + "<material name='m'/></visual><visual>" + box +
                    "<material name='n'/></visual>" + "<visual>" + box +
                    "<material name='n'><color rgba='0 0.5 0 1'/></material></visual>"));
  REQUIRE(loaded.visual.instances.size() == 3);
  const auto rgba = [&](size_t i) {
    return loaded.visual.materials[static_cast<size_t>(loaded.visual.instances[i].material)].rgba;
  };
  CHECK(rgba(0) == std::array<float, 4>{1, 0, 0, 1});
  CHECK(rgba(1) == std::array<float, 4>{0, 0.5f, 0, 1});
  CHECK(rgba(2) == rgba(1));
  CHECK(loaded.visual.materials.size() == 2);
}

TEST_CASE("A link without visuals shows its collision shapes") {
  const Loaded loaded =
      LoadText(Link("a", "<collision><geometry><cylinder radius='1' length='2'/></geometry></collision>"));
  CHECK(loaded.visual.instances.size() == 1);
  CHECK(loaded.body.links[0].collisions[0].kind == CollisionShape::Kind::kCylinder);
}

TEST_CASE("Only links that no joint moves relative to a fixed base are static") {
  const std::string box = "<visual><geometry><box size='1 1 1'/></geometry></visual>";
  UrdfOptions options;
  options.fixed_base = true;
  const Loaded loaded = LoadText(Link("a", box) + Link("b", box) + Link("c", box) + Link("d", box) +
                                     Joint("1", "fixed", "a", "b") + Joint("2", "continuous", "a", "c") +
                                     Joint("3", "fixed", "c", "d"),
                                 options);
  std::vector<bool> is_static;
  for (const VisualInstance& instance : loaded.visual.instances) is_static.push_back(instance.is_static);
  CHECK(is_static == std::vector<bool>{true, true, false, false});
}

TEST_CASE("Mesh files are found from the URDF's folder or one above, each is read once") {
  const TempFolder folder;
  folder.Write("meshes/a.obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\no x\nf 3 2 1\n");
  const std::string mesh = "<geometry><mesh filename='package://meshes/a.obj' scale='1 2 3'/></geometry>";
  const auto file =
      folder.Write("robots/r/a.urdf",
                   "<robot name='r'>" +
                       Link("a", "<visual>" + mesh + "</visual><visual>" + mesh + "</visual><collision>" +
                                     mesh + "</collision><collision concave='yes'>" + mesh + "</collision>") +
                       "</robot>");
  UrdfOptions options;
  options.global_scaling = 0.5;
  const Loaded loaded = Load(file, options);
  CHECK(loaded.visual.meshes.size() == 1);
  REQUIRE(loaded.visual.instances.size() == 2);
  CHECK(loaded.visual.instances[0].scale == Vec3{0.5, 1, 1.5});
  const auto& collisions = loaded.body.links[0].collisions;
  REQUIRE(collisions.size() == 2);
  CHECK(collisions[0].kind == CollisionShape::Kind::kConvexHulls);
  CHECK(collisions[0].hulls.size() == 2);
  CHECK_FALSE(collisions[0].lone_hull);
  CHECK(collisions[0].hulls[0][2] == Vec3{0, 1, 0});
  CHECK(collisions[1].kind == CollisionShape::Kind::kConcaveMesh);
  CHECK(collisions[1].triangles.size() == 2);
}

TEST_CASE("Forward kinematics turns and shifts links about their joints") {
  const BodyDescription body =
      LoadText(Link("a") + Link("b") + Link("c") +
               Joint("r", "revolute", "a", "b",
                     "<origin xyz='1 0 0' rpy='0 0 1.5707963267948966'/><axis xyz='0 0 2'/><limit/>") +
               Joint("p", "prismatic", "b", "c", "<axis xyz='0 1 0'/><limit lower='0' upper='1'/>"))
          .body;
  const Pose X_WB{{0, 0, 5}, {}};
  const std::vector<double> q = {1.5707963267948966, 0.25};
  const std::vector<Pose> X_WL = ForwardKinematics(body, X_WB, q);
  REQUIRE(X_WL.size() == 3);
  CHECK(X_WL[1].p == Vec3{1, 0, 5});
  CHECK(X_WL[2].p.x == Approx(1));  // turned by half a turn: y points back
  CHECK(X_WL[2].p.y == Approx(-0.25));
  CHECK(X_WL[2].p.z == 5);
  CHECK_THROWS_AS(ForwardKinematics(body, X_WB, std::vector<double>{1}), Error);
  CHECK(LinkIndex(body, "c") == 1);
  CHECK_THROWS_WITH(LinkIndex(body, "x"), Contains("'x'"));
}

TEST_CASE("Broken URDF files are errors that name file, line, element and value") {
  const TempFolder folder;
  CHECK_THROWS_WITH(Load(folder.path() / "none.urdf"), Contains("none.urdf"));
  CHECK_THROWS_WITH(Load(folder.Write("bad.urdf", "<robot name='r'><link")), Contains("bad.urdf"));
  CHECK_THROWS_WITH(Load(folder.Write("bad.urdf", "<sdf/>")), Contains("<robot>"));
  CHECK_THROWS_WITH(LoadText(""), Contains("no <link>"));
  CHECK_THROWS_WITH(LoadText("\n<link/>"), Contains("line 2 <link>") && Contains("name"));
  CHECK_THROWS_WITH(LoadText(Link("a") + Link("a")), Contains("second link"));
  CHECK_THROWS_WITH(LoadText(Link("a") + Link("b")), Contains("'a'") && Contains("'b'"));
  CHECK_THROWS_WITH(LoadText("<link name='a'><inertial/></link>"), Contains("<mass>"));
  CHECK_THROWS_WITH(LoadText("<link name='a'><inertial><mass value='-1'/></inertial></link>"),
                    Contains("-1"));
  CHECK_THROWS_WITH(LoadText("<link name='a'><inertial><mass value='1kg'/></inertial></link>"),
                    Contains("1kg"));
  const auto with_geometry = [](const std::string& geometry) {
    return LoadText(Link("a", "<visual><geometry>" + geometry + "</geometry></visual>"));
  };
  CHECK_THROWS_WITH(with_geometry(""), Contains("<geometry>"));
  CHECK_THROWS_WITH(with_geometry("<cone/>"), Contains("<cone>"));
  CHECK_THROWS_WITH(with_geometry("<box size='1 1'/>"), Contains("'1 1'"));
  CHECK_THROWS_WITH(with_geometry("<box size='1 1 0'/>"), Contains("1 1 0"));
  CHECK_THROWS_WITH(with_geometry("<box size='1 1 nan'/>"), Contains("nan"));
  CHECK_THROWS_WITH(with_geometry("<mesh filename='none.obj'/>"), Contains("none.obj") && Contains("<mesh>"));
  const auto with_joint = [](const std::string& joint) { return LoadText(Link("a") + Link("b") + joint); };
  CHECK_THROWS_WITH(with_joint(Joint("j", "floating", "a", "b")), Contains("floating"));
  CHECK_THROWS_WITH(with_joint(Joint("j", "revolute", "a", "b")), Contains("<limit>"));
  CHECK_THROWS_WITH(with_joint(Joint("j", "fixed", "x", "b")), Contains("parent 'x'"));
  CHECK_THROWS_WITH(with_joint(Joint("j", "fixed", "a", "x")), Contains("child 'x'"));
  CHECK_THROWS_WITH(with_joint(Joint("j", "fixed", "a", "b", "<origin xyz='0 -1e12 0'/>")),
                    Contains("<origin>: xyz='0 -1000000000000 0', expected at most 1e6 m each"));
  CHECK_THROWS_WITH(with_joint("<joint name='j' type='fixed'><child link='a'/></joint>"),
                    Contains("<parent>"));
  CHECK_THROWS_WITH(with_joint(Joint("j", "continuous", "a", "b", "<axis xyz='0 0 0'/>")), Contains("axis"));
  CHECK_THROWS_WITH(with_joint(Joint("j", "fixed", "a", "b") + Joint("k", "fixed", "b", "b")),
                    Contains("'k'"));
  CHECK_THROWS_WITH(LoadText(Link("a") + Link("b") + Link("c") + Joint("j", "fixed", "b", "c") +
                             Joint("k", "fixed", "c", "b")),
                    Contains("loop"));
}

TEST_CASE("A broken mesh is reported with the URDF element that names it") {
  const TempFolder folder;
  folder.Write("m.obj", "v 0 0 0\nf 1 2 3\n");
  const auto file = folder.Write(
      "a.urdf", "<robot name='r'>\n" +
                    Link("a", "<collision><geometry><mesh filename='m.obj'/></geometry></collision>") +
                    "</robot>");
  CHECK_THROWS_WITH(Load(file), Contains("a.urdf line 2") && Contains("m.obj line 2"));
}

TEST_CASE("Elements nested a thousand deep are an error, not a crash") {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "<x>";
  CHECK_THROWS_AS(LoadText(text), Error);
}

}  // namespace
}  // namespace deerbench
