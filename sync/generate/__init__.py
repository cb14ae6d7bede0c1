"""Files in a published form, for load tests of any size. What is generated says so in its name."""
