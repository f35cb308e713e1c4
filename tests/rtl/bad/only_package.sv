// A package and no module: there is nothing to test.
package only_package;
  localparam int WIDTH = 8;
endpackage
