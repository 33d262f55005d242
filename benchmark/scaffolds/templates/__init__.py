"""What `polyskew new` starts from: modules that work as they stand, under the names my_thing and MyThing."""
