module elfcage.example/two-servers

go 1.19
